from django.db import models


class Invoice(models.Model):
    order = models.OneToOneField("orders.Order", on_delete=models.PROTECT)
    number = models.CharField(max_length=32, unique=True)
    issued_on = models.DateField()
    total = models.DecimalField(max_digits=12, decimal_places=2)


class InvoiceLine(models.Model):
    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE)
    text = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=12, decimal_places=2)


class CreditNote(models.Model):
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT)
    reason = models.TextField()
    key = models.UUIDField(unique=True)
