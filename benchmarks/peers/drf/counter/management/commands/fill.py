from datetime import UTC, datetime, timedelta
from itertools import islice

from django.core.management.base import BaseCommand
from django.db import transaction

from benchmarks import dataset
from counter.models import Customer, Order, OrderLine, Shop, StatusChange

BATCH = 5_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds):
    return EPOCH + timedelta(microseconds=microseconds)


class Command(BaseCommand):
    help = "Fill an empty database with the benchmarks' shop."

    def add_arguments(self, parser):
        parser.add_argument("orders", type=int)

    @transaction.atomic
    def handle(self, *args, **options):
        Shop.objects.create(id=dataset.SHOP_ID, name=dataset.SHOP_NAME)
        people = dataset.customers(options["orders"])
        Customer.objects.bulk_create(Customer(*person) for person in people)
        rest = dataset.orders(options["orders"])
        while batch := list(islice(rest, BATCH)):
            Order.objects.bulk_create(self.order(row) for row in batch)
            OrderLine.objects.bulk_create(line for row in batch for line in self.lines(row))
            StatusChange.objects.bulk_create(change for row in batch for change in self.history(row))

    def order(self, row):
        return Order(
            id=row.id,
            shop_id=dataset.SHOP_ID,
            customer_id=row.customer.id,
            number=row.number,
            channel="online",
            status=row.status,
            version=row.version,
            fulfilment=row.fulfilment,
            tender="cash",
            payment="unpaid",
            currency=dataset.CURRENCY,
            subtotal_minor=row.total_minor,
            tax_minor=0,
            total_minor=row.total_minor,
            placed_at=instant(row.placed_at),
            updated_at=instant(row.updated_at),
            customer_name=row.customer.name,
            customer_phone=row.customer.phone,
        )

    def lines(self, row):
        for line in row.lines:
            modifiers = [{"name": name, "price_minor": price_minor} for name, price_minor in line.modifiers]
            yield OrderLine(
                order_id=row.id,
                item_id=line.item_id,
                name=line.name,
                quantity=line.quantity,
                unit_price_minor=line.unit_price_minor,
                total_minor=line.total_minor,
                modifiers=modifiers,
                note=line.note,
            )

    def history(self, row):
        for change in row.history:
            yield StatusChange(order_id=row.id, source=change.source, target=change.target, at=instant(change.at))
