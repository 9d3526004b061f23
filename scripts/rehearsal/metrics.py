"""CloudWatch: the metrics of what really happened in the emulators, and the alarms that Terraform made on them. A minute of
AWS lasts `minute` seconds here."""

import ast
import json
import math
import operator
import threading
import time
from collections import defaultdict, deque

from moto.cloudwatch.models import cloudwatch_backends

KEPT = 30  # minutes, more than any alarm looks back

COMPARISONS = {
    "GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt, "LessThanOrEqualToThreshold": operator.le,
}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
ORDER = {ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq}


class Metrics:
    def __init__(self, account, region, minute):
        self.backend, self.minute = cloudwatch_backends[account][region], minute
        self.data, self.lock = defaultdict(deque), threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def put(self, namespace, name, value, *dimensions):
        """Adds a value under each of the sets of dimensions."""
        now = time.time()
        with self.lock:
            for each in dimensions:
                values = self.data[namespace, name, frozenset(each.items())]
                values.append((now, value))
                while values[0][0] < now - KEPT * self.minute:
                    values.popleft()

    def put_logged(self, message):
        """Adds what a log line has in the embedded metric format, if it is in that."""
        try:
            line = json.loads(message)
            directives = line["_aws"]["CloudWatchMetrics"]
        except (ValueError, TypeError, KeyError):
            return
        for directive in directives:
            sets = [{name: line[name] for name in names} for names in directive["Dimensions"]]
            for metric in directive["Metrics"]:
                self.put(directive["Namespace"], metric["Name"], line[metric["Name"]], *sets)

    def ringing(self, names):
        """Those of the alarms that are in the state ALARM."""
        return [name for name in names if name in self.backend.alarms and self.backend.alarms[name].state_value == "ALARM"]

    def _watch(self):
        while True:
            time.sleep(self.minute / 6)
            for alarm in list(self.backend.alarms.values()):
                self._evaluate(alarm)

    def _evaluate(self, alarm):
        """Over the last periods that have ended."""
        metrics = [query.metric_stat for query in alarm.metric_data_queries if query.metric_stat]
        period = self._seconds(metrics[0].period if metrics else alarm.period)
        now = math.floor(time.time() / period) * period
        values = [self._value(alarm, now - (number + 1) * period, period) for number in range(int(alarm.evaluation_periods))]
        breach = COMPARISONS[alarm.comparison_operator]
        breaching = sum(
            breach(value, float(alarm.threshold)) if value is not None else alarm.treat_missing_data == "breaching" for value in values
        )
        state = "ALARM" if breaching >= int(alarm.datapoints_to_alarm or alarm.evaluation_periods) else "OK"
        if state != alarm.state_value:
            alarm.update_state(f"values of the last periods: {values}", "{}", state)

    def _seconds(self, period):
        return int(period) * self.minute / 60

    def _value(self, alarm, start, period):
        """The alarm's metric, or its expression, over a period; None without data."""
        if not alarm.metric_data_queries:
            dimensions = {each.name: each.value for each in alarm.dimensions}
            statistic = alarm.statistic or alarm.extended_statistic
            return self._statistic(alarm.namespace, alarm.metric_name, dimensions, statistic, start, period)
        values, result = {}, None
        for query in alarm.metric_data_queries:
            if query.metric_stat:
                metric = query.metric_stat.metric
                dimensions = {each.name: each.value for each in metric.dimensions}
                values[query.id] = self._statistic(metric.namespace, metric.metric_name, dimensions, query.metric_stat.stat, start, period)
            if str(query.return_data).lower() == "true":
                result = query
        return calculate(result.expression, values) if result.expression else values[result.id]

    def _statistic(self, namespace, name, dimensions, statistic, start, period):
        with self.lock:
            data = self.data[namespace, name, frozenset(dimensions.items())]
            values = sorted(value for at, value in data if start <= at < start + period)
        if not values:
            return None
        if statistic.startswith("p"):
            return values[min(len(values) - 1, int(len(values) * float(statistic[1:]) / 100))]
        return {
            "Sum": sum, "Maximum": max, "Minimum": min, "SampleCount": len, "Average": lambda all_: sum(all_) / len(all_),
        }[statistic](values)


def calculate(expression, values):
    """A metric math expression: arithmetic, comparisons, IF and FILL. Without data a metric is None, and so is what is
    calculated from it."""
    return _calculate(ast.parse(expression.strip(), mode="eval").body, values)


def _calculate(node, values):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Call) and node.func.id == "FILL":
        value = _calculate(node.args[0], values)
        return _calculate(node.args[1], values) if value is None else value
    if isinstance(node, ast.Call) and node.func.id == "IF":
        condition = _calculate(node.args[0], values)
        return None if condition is None else _calculate(node.args[1 if condition else 2], values)
    if isinstance(node, ast.Compare):
        left, right = _calculate(node.left, values), _calculate(node.comparators[0], values)
        return None if None in (left, right) else ORDER[type(node.ops[0])](left, right)
    if isinstance(node, ast.BinOp):
        left, right = _calculate(node.left, values), _calculate(node.right, values)
        division_by_zero = isinstance(node.op, ast.Div) and right == 0
        return None if None in (left, right) or division_by_zero else OPERATORS[type(node.op)](left, right)
    raise NotImplementedError(f"metric math: {ast.unparse(node)}")
