"""Metrics on their way out by OTLP; imported where they are asked for."""

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

from chassis.resource import resource_of


def start(service: str) -> MeterProvider:
    """Export the metrics of this process; answers what has to be shut down at the end."""
    meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource_of(service))
    metrics.set_meter_provider(meters)
    return meters
