#!/usr/bin/env python3
import gc
import os
import sys

if "DJANGO_WARM" in os.environ and "warm" not in sys.modules:
    import warm

    warm.hand_over(os.environ["DJANGO_WARM"])

# Such a short life needs no collections of garbage, which are a quarter of its start.
gc.disable()

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    execute_from_command_line(sys.argv)
