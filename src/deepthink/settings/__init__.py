"""What a site can set, and how it is read and written."""

from deepthink.settings.sections import (
    DatasinkSettings,
    DeploymentSettings,
    DetectionSettings,
    MlflowSettings,
    RetainSettings,
    Section,
    SweepSettings,
    TargetSettings,
    TrainSettings,
    ValidationSettings,
)
from deepthink.settings.site import SITE_FILE, Settings, load, without_site
from deepthink.settings.template import template
from deepthink.settings.watching import (
    MessagesSettings,
    MqttSettings,
    PullSettings,
    ScheduleSettings,
    WatchSettings,
    WebhookSettings,
)

__all__ = [
    "SITE_FILE", "DatasinkSettings", "DeploymentSettings", "DetectionSettings", "MessagesSettings", "MlflowSettings",
    "MqttSettings", "PullSettings", "RetainSettings", "ScheduleSettings", "Section", "Settings", "SweepSettings",
    "TargetSettings", "TrainSettings", "ValidationSettings", "WatchSettings", "WebhookSettings", "load", "template",
    "without_site",
]  # fmt: skip
