"""A shop for many tenants, each with a schema of its own; only its migrations are ever run."""

import os
from urllib.parse import unquote, urlsplit

address = urlsplit(os.environ["DATABASE_URL"])

DATABASES = {
    "default": {
        "ENGINE": "django_tenants.postgresql_backend",
        "HOST": address.hostname,
        "PORT": address.port,
        "USER": unquote(address.username),
        "PASSWORD": unquote(address.password or ""),
        "NAME": unquote(address.path.removeprefix("/")),
    }
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

SHARED_APPS = ["django_tenants", "customers", "django.contrib.contenttypes", "django.contrib.auth"]
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "catalog",
    "orders",
    "billing",
    "support",
    "reports",
]
INSTALLED_APPS = list(dict.fromkeys(SHARED_APPS + TENANT_APPS))
TENANT_MODEL = "customers.Client"
TENANT_DOMAIN_MODEL = "customers.Domain"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECRET_KEY = "only migrations are run with this"
USE_TZ = True
