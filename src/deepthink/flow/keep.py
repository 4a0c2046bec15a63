"""Deletes a site's old events, by its profiles, except those that its facelist holds in place."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import cast

from deepthink.curation.holds import AnyRow, ReviewedRows
from deepthink.datasink.base import Erasable
from deepthink.datasink.profiles import Policy, parse_profiles, read_policy
from deepthink.datasink.retain import RetainReport, retain
from deepthink.errors import SettingsError
from deepthink.flow.wiring import Site
from deepthink.records import Progress


def retain_site(
    site: Site, dates: Sequence[str] | None, delete: bool | None, today: datetime.date | None, progress: Progress
) -> RetainReport:
    """Judge a site's events, and delete those that nothing keeps, if that is asked for.

    Parameters
    ----------
    site : Site
    dates : sequence of str or None
        Only these days.
    delete : bool or None
        Whether to delete; None is what the settings say, which is a dry run unless a person has changed them.
    today : date or None
        The day from which ages are reckoned; None is the clock's.
    progress : callable

    Raises
    ------
    SettingsError
        A profile cannot work, or the datasink is of a kind whose events cannot be deleted.
    """
    policy, settings = site_policy(site), site.settings.retain
    if not hasattr(site.datasink, "delete"):
        raise SettingsError(f"The events of {site.datasink.name} cannot be deleted from here. Run it on the datasink.")
    return retain(
        cast(Erasable, site.datasink), policy, today or datetime.date.today(),
        (AnyRow if site.as_sentinelcam else ReviewedRows)(site.facelist),
        delete=settings.enabled and policy.run_deletes if delete is None else delete,
        rules=site.settings.rules, dates=dates, scan_days=settings.scan_days, progress=progress,
    )  # fmt: skip


def site_policy(site: Site) -> Policy:
    """Return the profiles of the settings, or of the DailyCleanup.yaml that they name."""
    settings = site.settings.retain
    if settings.file:
        return read_policy(site.settings.path(settings.file))
    return Policy(parse_profiles(settings.profiles, "retain.profiles"), run_deletes=True)
