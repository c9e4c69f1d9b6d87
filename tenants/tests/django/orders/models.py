from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now


class Customer(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=120)
    email = models.EmailField()
    notes = models.TextField(blank=True, db_comment="Never shown to the customer")

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="orders_customer_email")]


class Address(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    street = models.CharField(max_length=200)
    city = models.CharField(max_length=80)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    reference = models.CharField(max_length=64)
    state = models.CharField(max_length=16, db_default="new")
    total = models.DecimalField(max_digits=12, decimal_places=2, db_default=0)
    placed_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(null=True)

    class Meta:
        db_table_comment = "What a customer ordered"
        indexes = [
            models.Index(fields=["-placed_at", "state"], name="orders_order_recent"),
            models.Index(fields=["reference"], condition=Q(state="new"), name="orders_order_new"),
        ]
        constraints = [models.UniqueConstraint(fields=["customer", "reference"], name="orders_order_reference")]


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField(db_default=1)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    total = models.GeneratedField(
        expression=F("quantity") * F("price"),
        output_field=models.DecimalField(max_digits=14, decimal_places=2),
        db_persist=True,
    )


class Payment(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    method = models.CharField(max_length=16)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(method__in=["card", "transfer"]), name="orders_payment_method"),
            models.UniqueConstraint(
                fields=["order", "method"], name="orders_payment_once", deferrable=models.Deferrable.DEFERRED
            ),
        ]


class Shipment(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    sent_on = models.DateField(null=True)
