"""The words both ends speak: requests, replies, events and problems, as frozen msgspec types. JSON on the wire.

Orders, menus and statuses travel as the domain's own types; what is here exists only because there is a wire.
"""
