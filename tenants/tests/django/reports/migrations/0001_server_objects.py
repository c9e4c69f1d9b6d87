from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    """What products keep in their database besides models: one of each kind PostgreSQL knows."""

    dependencies = [
        ("billing", "0001_initial"),
        ("catalog", "0001_initial"),
        ("orders", "0001_initial"),
        ("support", "0001_initial"),
    ]
    operations = [migrations.RunSQL(Path(__file__).with_name("server_objects.sql").read_text())]
