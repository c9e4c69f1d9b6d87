from django.db import models


class Tag(models.Model):
    name = models.SlugField(unique=True)


class Ticket(models.Model):
    customer = models.ForeignKey("orders.Customer", on_delete=models.CASCADE)
    subject = models.CharField(max_length=200)
    open = models.BooleanField(db_default=True)
    tags = models.ManyToManyField(Tag)


class Comment(models.Model):
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE)
    body = models.TextField()
    written_at = models.DateTimeField(auto_now_add=True)


class Attachment(models.Model):
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
    content = models.BinaryField()
