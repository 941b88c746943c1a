"""The registries of campaign kinds and of action kinds: each kind is in its place, and they fit together."""

from tasks.actions.kinds import ACTION_TYPES
from tasks.campaigns.kinds import CAMPAIGN_TYPES
from tasks.contract import CAMPAIGN_OPTIONS
from worker.rules.model import CampaignKind, Kind


def test_every_kind_of_campaign_has_its_options_and_says_how_it_starts() -> None:
    assert set(CAMPAIGN_TYPES) == set(CAMPAIGN_OPTIONS) == set(CampaignKind)
    assert all(options.kind is kind for kind, options in CAMPAIGN_OPTIONS.items())


def test_every_kind_of_action_is_carried_out_and_planned_by_some_campaign() -> None:
    assert set(ACTION_TYPES) == set(Kind)
    assert {kind for campaign in CAMPAIGN_TYPES.values() for kind in campaign.actions} == set(Kind)


def test_an_effect_can_be_looked_for_unless_the_kind_only_reads() -> None:
    for kind, action in ACTION_TYPES.items():
        assert (action.has_effect is None) is kind.reads


def test_a_list_is_read_for_actions_that_its_campaign_plans() -> None:
    for campaign in CAMPAIGN_TYPES.values():
        assert campaign.site_list is None or campaign.site_list.kind in campaign.actions
