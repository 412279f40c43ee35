from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class HistoryPagination(CursorPagination):
    """Newest first by keyset, with how many there are in all."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = ("-placed_at", "-id")

    def paginate_queryset(self, queryset, request, view=None):
        self.total = queryset.count()
        return super().paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data):
        return Response({"orders": data, "total": self.total, "next_cursor": self.get_next_link()})
