from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Category(models.Model):
    name = models.CharField(max_length=80, unique=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT)


class Supplier(models.Model):
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, db_default="DE")


class Product(models.Model):
    sku = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200, db_index=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT)
    suppliers = models.ManyToManyField(Supplier)
    attributes = models.JSONField(default=dict)
    tags = ArrayField(models.CharField(max_length=40), default=list)
    weight = models.FloatField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["tags"], name="catalog_product_tags")]


class PriceList(models.Model):
    name = models.CharField(max_length=80, unique=True)
    currency = models.CharField(max_length=3, db_default="EUR")


class Price(models.Model):
    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["price_list", "product"], name="catalog_price_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="catalog_price_not_negative"),
        ]
