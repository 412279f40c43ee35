from rest_framework import serializers

from counter.models import Order, OrderLine
from counter.transitions import STATUSES


class OrderLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = OrderLine
        fields = ["item_id", "name", "quantity", "unit_price_minor", "total_minor", "modifiers", "note"]


class OrderSerializer(serializers.ModelSerializer):
    lines = OrderLineSerializer(many=True, read_only=True)
    shop_id = serializers.CharField(read_only=True)
    customer_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Order
        fields = [
            "id", "shop_id", "number", "channel", "status", "version", "fulfilment", "tender", "payment", "currency",
            "subtotal_minor", "tax_minor", "total_minor", "placed_at", "updated_at", "customer_id", "customer_name",
            "customer_phone", "address", "note", "reason", "lines",
        ]  # fmt: skip


class ChangeStatusSerializer(serializers.Serializer):
    to = serializers.ChoiceField(choices=STATUSES)
    version = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")
