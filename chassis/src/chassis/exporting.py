"""What is exported by OTLP: OpenTelemetry's standard variables, as far as they are decided on here.

The SDK and its exporters read the others themselves: headers, timeouts, compression, certificates, resource
attributes, limits, the sampler's argument, intervals, `OTEL_SDK_DISABLED`.
"""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings


def _empty_is_unset(value: object) -> object:
    return (value.strip() or None) if isinstance(value, str) else value


_Unset: Final = BeforeValidator(_empty_is_unset)
Text = Annotated[str | None, _Unset]
Exporter = Annotated[Literal["otlp", "none"] | None, _Unset]
Protocol = Annotated[Literal["http/protobuf"] | None, _Unset]
Sampler = Annotated[
    Literal[
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ]
    | None,
    _Unset,
]


class ExportSettings(BaseSettings):
    """Spans and metrics go out where an endpoint for them is named, or where they are asked for.

    What OpenTelemetry knows and this does not do is refused by name.
    """

    otel_exporter_otlp_endpoint: Text = None
    otel_exporter_otlp_traces_endpoint: Text = None
    otel_exporter_otlp_metrics_endpoint: Text = None
    otel_exporter_otlp_protocol: Protocol = None
    otel_exporter_otlp_traces_protocol: Protocol = None
    otel_exporter_otlp_metrics_protocol: Protocol = None
    otel_traces_exporter: Exporter = None
    otel_metrics_exporter: Exporter = None
    otel_logs_exporter: Annotated[Literal["none"] | None, _Unset] = None
    """Logs are lines of JSON on the standard output, for whoever collects those."""
    otel_traces_sampler: Sampler = None
    """The SDK would fall back to all traces from a name that it does not know."""
    otel_bsp_max_queue_size: int = Field(default=65536, ge=1)
    """Spans. One batch of events may end more at once than the SDK's 2,048; what does not fit is lost."""
    otel_bsp_schedule_delay: int = Field(default=500, ge=1)
    """Milliseconds, where the SDK would wait for 5,000."""
    otel_config_file: Text = None

    @field_validator("otel_config_file")
    @classmethod
    def _no_file(cls, value: str | None) -> None:
        if value is not None:
            raise ValueError("is not supported, use the variables")

    @property
    def traced(self) -> bool:
        """Whether spans are exported."""
        return self._exported(self.otel_traces_exporter, self.otel_exporter_otlp_traces_endpoint)

    @property
    def measured(self) -> bool:
        """Whether metrics are exported."""
        return self._exported(self.otel_metrics_exporter, self.otel_exporter_otlp_metrics_endpoint)

    def _exported(self, exporter: Exporter, endpoint: str | None) -> bool:
        if exporter is None:
            return (endpoint or self.otel_exporter_otlp_endpoint) is not None
        return exporter == "otlp"
