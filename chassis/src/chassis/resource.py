"""Who sends spans and metrics, as OpenTelemetry names it; imported where something is sent."""

from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource


def resource_of(service: str) -> Resource:
    """The service under its own name, or under the one that the standard variables give it."""
    named = SERVICE_NAME in OTELResourceDetector().detect().attributes
    return Resource.create(None if named else {SERVICE_NAME: service})
