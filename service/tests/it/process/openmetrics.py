"""Parses a page in the format OpenMetrics from standard input as strictly as prometheus_client does, and prints the families:
{name: [type, unit, number of samples]}.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = text_string_to_metric_families(sys.stdin.read())
print(json.dumps({family.name: [family.type, family.unit, len(family.samples)] for family in families}))
