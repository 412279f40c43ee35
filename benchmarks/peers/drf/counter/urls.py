from django.urls import path

from counter.views import HistoryView, OrderStatusView

urlpatterns = [
    path("api/online/orders/history/", HistoryView.as_view()),
    path("api/pos/orders/<uuid:pk>/status/", OrderStatusView.as_view()),
]
