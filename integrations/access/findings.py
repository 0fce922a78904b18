"""What tests of access have found of settings: exactly of these, and of no others."""

import hashlib
import json
from dataclasses import astuple
from functools import lru_cache
from typing import Final

from django.conf import settings as installation
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT

from integrations.aws.identifiers import check_role_arn
from integrations.models import AccessMode, AccessTest
from integrations.models.settings import AccessSettings, IntegrationSettings, NamedSettings
from integrations.planning.snapshot import Snapshot, unpack

ROLE_TOO_OPEN: Final = "RoleTooOpen"  # the code that integrations.aws.role_checks raises with


def fingerprint(settings: AccessSettings, kind: AccessTest.Kind) -> str:
    """Give a hash that is equal for two tests exactly when they test the same thing; it gives no secret away."""
    if settings.access_mode == AccessMode.KEY:
        tested = [settings.access_key_id, settings.sealed_secret_key]
    else:
        tested = [settings.role_arn, settings.discovery_external_id]
    if isinstance(settings, IntegrationSettings) and kind == AccessTest.Kind.CONNECTION:
        tested += astuple(settings.member_role)
    return hashlib.sha256(json.dumps([settings.access_mode, kind, *tested]).encode()).hexdigest()


def newest_snapshot(settings: AccessSettings) -> Snapshot | None:
    """Give what the last Test Discovery read, if it has passed."""
    tests = AccessTest.objects.filter(tenant=settings.tenant, subject=settings.uid, kind=AccessTest.Kind.DISCOVERY)
    packed = tests.order_by("-pk").values_list("snapshot", flat=True).first()
    return _unpacked(bytes(packed)) if packed else None


# Asked for at each key that somebody presses in a form; one of ten thousand accounts takes a tenth of a second.
_unpacked = lru_cache(maxsize=1)(unpack)


def newest_passed(settings: AccessSettings, kind: AccessTest.Kind) -> AccessTest | None:
    """Give the last test that passed with exactly these settings."""
    return _of_exactly(settings, kind).filter(state=AccessTest.State.PASSED).order_by("-pk").first()


def partition_of(settings: AccessSettings) -> str:
    """Find the partition that the AWS organization, or the account, is in.

    It is in the role's ARN; of a key pair the last good test knows it, else the last sync; until then it is chosen, or
    the first one that this installation serves.
    """
    if settings.access_mode == AccessMode.ROLE and settings.role_arn:
        return check_role_arn(settings.role_arn).partition
    tested = newest_passed(settings, AccessTest.Kind.DISCOVERY)
    if tested is not None:
        return tested.found.signed_in.partition
    known = settings.partition if isinstance(settings, NamedSettings) else ""
    return known or first_partition()


def first_partition() -> str:
    """Give the partition of settings that do not name one: the first one that this installation serves."""
    return next(iter(installation.PIPES_AWS_PRINCIPALS), "aws")


def organization_found(settings: AccessSettings) -> models.QuerySet[AccessTest, str]:
    """Select the id of the AWS organization that the last good Test Discovery of these settings found."""
    passed = _of_exactly(settings, AccessTest.Kind.DISCOVERY).filter(state=AccessTest.State.PASSED).order_by("-pk")
    return passed.annotate(organization=KT("report__who__organization_id")).values_list("organization", flat=True)[:1]


def why_role_is_refused(settings: AccessSettings, kind: AccessTest.Kind = AccessTest.Kind.DISCOVERY) -> str:
    """Say why a role must not be stored, if a test of exactly these settings found it open to strangers.

    Only a later test that passed takes that back: one that failed otherwise proves nothing.
    """
    is_verdict = Q(state=AccessTest.State.PASSED) | Q(report__code=ROLE_TOO_OPEN)
    verdict = _of_exactly(settings, kind).filter(is_verdict).order_by("-pk").first()
    return verdict.found.sentence if verdict and verdict.state == AccessTest.State.FAILED else ""


def _of_exactly(settings: AccessSettings, kind: AccessTest.Kind) -> models.QuerySet[AccessTest]:
    return AccessTest.objects.defer("snapshot").filter(
        tenant=settings.tenant, subject=settings.uid, kind=kind, fingerprint=fingerprint(settings, kind)
    )
