from django.core.management.base import BaseCommand, CommandError

from customers.models import Client, Domain

SCHEMA, DOMAIN = "super_tenant", "super-tenant.example.test"


class Command(BaseCommand):
    help = "Makes the tenant that staff work in, unless it is there."

    def add_arguments(self, parser):
        parser.add_argument("--no-input", action="store_true")

    def handle(self, **options):
        if Client.objects.filter(schema_name=SCHEMA).exists():
            self.stdout.write("Super tenant already exists")
            return
        if Domain.objects.filter(domain=DOMAIN).exists():
            raise CommandError(f"another tenant has the domain {DOMAIN}")
        tenant = Client(schema_name=SCHEMA, name=SCHEMA)
        tenant.save(verbosity=options["verbosity"])
        Domain.objects.create(domain=DOMAIN, tenant=tenant, is_primary=True)
