from dataclasses import dataclass

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission


@dataclass(frozen=True)
class Principal:
    """The verified bearer of a token. No query: what the token says is enough."""

    subject: str
    role: str
    name: str
    shop_id: str
    device: str
    is_authenticated: bool = True


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request):
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            claims = jwt.decode(
                token,
                settings.JWT_KEY,
                algorithms=["HS256"],
                issuer=settings.JWT_ISSUER,
                audience=settings.JWT_AUDIENCE,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
            )
        except jwt.InvalidTokenError as error:
            raise AuthenticationFailed(str(error)) from None
        principal = Principal(claims["sub"], claims["role"], claims["name"], claims["shop"], claims.get("device", ""))
        return principal, None

    def authenticate_header(self, request):
        return "Bearer"


class IsCustomer(BasePermission):
    def has_permission(self, request, view):
        return request.user is not None and request.user.role == "customer"


class IsStaff(BasePermission):
    def has_permission(self, request, view):
        return request.user is not None and request.user.role in {"cashier", "admin"}
