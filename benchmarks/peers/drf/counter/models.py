from django.db import models

OPEN = ["pending", "confirmed", "preparing", "ready", "out_for_delivery"]


class Shop(models.Model):
    id = models.CharField(primary_key=True, max_length=36)
    name = models.CharField(max_length=80)
    seq = models.BigIntegerField(default=0)


class Customer(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=25, unique=True)


class Order(models.Model):
    id = models.UUIDField(primary_key=True)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, db_index=False)
    number = models.CharField(max_length=20)
    channel = models.CharField(max_length=10)
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    fulfilment = models.CharField(max_length=10)
    tender = models.CharField(max_length=20)
    payment = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    placed_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    customer_name = models.CharField(max_length=80, blank=True)
    customer_phone = models.CharField(max_length=25, blank=True)
    address = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "placed_at", "id"], name="order_history"),
            models.Index(fields=["shop", "placed_at", "id"], name="order_shop"),
            models.Index(fields=["shop", "placed_at", "id"], name="order_open", condition=models.Q(status__in=OPEN)),
        ]
        constraints = [models.UniqueConstraint(fields=["shop", "number"], name="order_number")]


class OrderLine(models.Model):
    order = models.ForeignKey(Order, related_name="lines", on_delete=models.CASCADE)
    item_id = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    modifiers = models.JSONField(default=list)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]


class StatusChange(models.Model):
    order = models.ForeignKey(Order, related_name="history", on_delete=models.CASCADE)
    source = models.CharField(max_length=20, null=True)
    target = models.CharField(max_length=20)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=80, blank=True)
    device = models.CharField(max_length=20, blank=True)


class Event(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=30)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, db_index=False)
    payload = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "seq"], name="event_seq")]


class Operation(models.Model):
    """What was answered to an Idempotency-Key, so that it can be answered again."""

    subject = models.CharField(max_length=36)
    key = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    reply = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "key"], name="operation_key")]
