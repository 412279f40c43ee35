"""The protocol of client and server: requests, replies, events and problems, as frozen msgspec types. JSON on the wire.

Orders, menus and statuses are the domain's own types; the types here exist only for the wire.
"""
