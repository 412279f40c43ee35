import hashlib
import logging

from django.db import transaction
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.generics import ListAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from counter.authentication import IsCustomer, IsStaff
from counter.models import Event, Operation, Order, Shop, StatusChange
from counter.pagination import HistoryPagination
from counter.serializers import ChangeStatusSerializer, OrderSerializer
from counter.transitions import allowed, needs_reason

log = logging.getLogger(__name__)


class HistoryView(ListAPIView):
    """The customer's own orders: whose they are, the token says."""

    permission_classes = [IsCustomer]
    serializer_class = OrderSerializer
    pagination_class = HistoryPagination

    def get_queryset(self):
        return Order.objects.filter(customer_id=self.request.user.subject).prefetch_related("lines")

    def list(self, request, *args, **kwargs):
        log.info("fetching history for %s", request.user.subject)
        response = super().list(request, *args, **kwargs)
        log.info("fetched %d of %d for %s", len(response.data["orders"]), response.data["total"], request.user.subject)
        return response


class OrderStatusView(APIView):
    """Staff move an order. Key, effect, event and reply are one transaction."""

    permission_classes = [IsStaff]

    def post(self, request, pk):
        key = request.headers.get("Idempotency-Key")
        if not key:
            return Response({"detail": "Idempotency-Key is required."}, status=400)
        fingerprint = hashlib.sha256(request.path.encode() + request._request.body).hexdigest()
        asked = ChangeStatusSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            seen = Operation.objects.filter(subject=request.user.subject, key=key).first()
            if seen is None:
                return self._change(request.user, pk, key, fingerprint, **asked.validated_data)
        if seen.fingerprint != fingerprint:
            return Response({"detail": "This key was used for something else."}, status=422)
        return HttpResponse(seen.reply, status=seen.status, content_type="application/json")

    def _change(self, principal, pk, key, fingerprint, *, to, version, reason):
        order = get_object_or_404(Order.objects.prefetch_related("lines"), pk=pk, shop_id=principal.shop_id)
        if order.version != version or not allowed(order.status, to, order.fulfilment):
            return Response({"detail": "The order has changed.", "order": OrderSerializer(order).data}, status=409)
        if needs_reason(order.status, to) and not reason.strip():
            return Response({"detail": "Say why."}, status=422)
        now = timezone.now()
        source, order.status = order.status, to
        order.version += 1
        order.updated_at = now
        order.reason = reason
        order.save(update_fields=["status", "version", "updated_at", "reason"])
        StatusChange.objects.create(
            order=order, source=source, target=to, at=now, reason=reason, by=principal.name, device=principal.device
        )
        Shop.objects.filter(pk=principal.shop_id).update(seq=F("seq") + 1)
        Event.objects.create(
            shop_id=principal.shop_id,
            seq=Shop.objects.values_list("seq", flat=True).get(pk=principal.shop_id),
            kind="order_status_changed",
            customer_id=order.customer_id,
            payload={
                "order_id": str(order.pk),
                "customer_id": str(order.customer_id) if order.customer_id else None,
                "number": order.number,
                "source": source,
                "target": to,
                "version": order.version,
                "reason": reason,
                "at": now.isoformat(),
            },
        )
        reply = JSONRenderer().render(OrderSerializer(order).data)
        Operation.objects.create(
            subject=principal.subject, key=key, fingerprint=fingerprint, status=200, reply=reply.decode()
        )
        return HttpResponse(reply, content_type="application/json")
