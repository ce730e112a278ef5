from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the chassis needs; this service adds nothing."""
