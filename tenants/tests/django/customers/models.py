from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Client(TenantMixin):
    name = models.CharField(max_length=100)
    created_on = models.DateField(auto_now_add=True)

    class Meta:
        db_table = "tenants_client"


class Domain(DomainMixin):
    class Meta:
        db_table = "tenants_domain"
