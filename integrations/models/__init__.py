"""Integrations, what is being made of them, and what ran for them."""

from integrations.models.access_test import AccessTest
from integrations.models.account_access import AccountAccess
from integrations.models.draft import Draft
from integrations.models.event_inlet import AwsEvent, EventInlet
from integrations.models.integration import Integration, IntegrationDelegation, KnownSnapshot, ReadBy
from integrations.models.notifications import Delivery, DeliveryDue, EmailNotifications, Event, Topic, Webhook
from integrations.models.schedules import HealthSchedule, SyncSchedule
from integrations.models.settings import AccessMode
from integrations.models.settings_trial import SettingsTrial
from integrations.models.sync_run import SyncRun

__all__ = [
    "AccessMode",
    "AccessTest",
    "AccountAccess",
    "AwsEvent",
    "Delivery",
    "DeliveryDue",
    "Draft",
    "EmailNotifications",
    "Event",
    "EventInlet",
    "HealthSchedule",
    "Integration",
    "IntegrationDelegation",
    "KnownSnapshot",
    "ReadBy",
    "SettingsTrial",
    "SyncRun",
    "SyncSchedule",
    "Topic",
    "Webhook",
]
