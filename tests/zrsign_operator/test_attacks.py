"""What members, thieves and requesters try, as the pages say it, each with the tests that play it.

The tables are those of docs/dmpc.md ("Threat model") and docs/operators.md ("What one member can
make the others do"). A test keeps both sides together: a row of a page without an attack here, an
attack here without a row, or a test that is not there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

THREATS: dict[str, tuple[str, ...]] = {
    "ECDSA: asks for a digest, or for a child, so that the answer signs another": (
        "test_requester_who_knows_the_nonce__should_get_no_signature_of_another_digest",
        "test_rho__should_depend_on_digest_child_and_beacon",
    ),
    "tries blocks until one helps": (
        "test_requester_who_knows_the_nonce__should_not_profit_from_knowing_the_beacon",
    ),
    "names another beacon, presignature or key than the ledger and the store show": (
        "test_ecdsa__should_sign_with_the_beacon_of_its_own_ledger_only",
        "test_ecdsa__should_sign_for_no_other_key_than_the_one_that_is_asked",
        "test_signer_of_another_order__should_be_named",
    ),
    "FROST: turns one into a signature of a sibling, or reuses published nonces": (
        "test_signature_of_a_child__should_not_be_moved_to_its_sibling",
        "test_requester_with_many_open_sessions__should_get_no_signature_more",
    ),
    "keeps its last message from all but one, or names just t makers, so that a key is fulfilled "
    "that the honest ones cannot sign with": (
        "test_last_message__should_reach_all_who_one_of_them_wants_it_kept_from",
        "test_key__should_not_be_made_by_those_whom_a_proposer_chose",
        "test_key__should_be_made_by_all_who_are_here",
        "test_key_that_too_few_hold__should_be_made_again",
    ),
    "has a key counted that too few hold": (
        "test_key__should_wait_for_every_member_to_hold_it",
        "test_root__should_be_active_when_every_member_holds_it",
        "test_root__should_count_equal_reports_of_members_alone",
    ),
    "shows another key for a wallet, root or chain code than the others see": (
        "test_wallet_that_is_another_child__should_not_be_signed_for",
        "test_invented_request_and_group__should_be_refused_on_verified_state",
        "test_lying_party__should_not_choose_the_key",
    ),
    "opens the victim's new share in a presigning with its old Paillier secret": (
        "test_thief__should_read_the_key_where_a_paillier_key_is_known",
        "test_thief__should_learn_nothing_from_a_store_of_the_epoch_before",
        "test_thief__should_learn_nothing_from_two_epochs",
    ),
    "opens the victim's old share in what the others heard, with a Paillier secret that was kept": (
        "test_thief__should_learn_nothing_from_two_epochs",
        "test_old_auxiliary_information__should_go_although_a_key_stays_behind",
        "test_old_auxiliary_information__should_go_at_once_when_no_key_needs_it",
    ),
    "names older auxiliary information, or some of a lower level than the group's": (
        "test_presignature__should_not_be_made_with_older_auxiliary_information",
        "test_presignature__should_not_be_made_below_the_level_of_the_keys_group",
    ),
    "knows what the next Paillier keys are made of": (
        "test_refresh__should_be_made_with_primes_of_after_the_order",
    ),
    "keeps the others busy": (
        "test_undue_proposals__should_have_a_consequence",
        "test_refusing_for_a_living__should_not_stay_below_the_limit",
        "test_refresh__should_end_although_a_member_begins_it_and_stalls",
    ),
    "has a nonce or a presignature used twice": (
        "test_snapshot__should_stop_its_operator_and_be_refused_by_the_others",
        "test_presignature_of_before__should_wait_for_as_many_answers_as_cannot_all_lie",
    ),
    "joins it again under its old id, and says other things in it": (
        "test_execution_that_was_forgotten__should_not_be_joined_again",
    ),
    "keeps its last message from some, who then lack the presignature and are blamed for it": (
        "test_last_word_of_a_presigning__should_not_be_kept_from_some",
    ),
    "says an integer of a million digits, or what is too big to be evidence": (
        "test_integer__should_be_refused_before_anything_is_computed_with_it",
        "test_session__should_drop_messages_with_endless_integers",
        "test_evidence__should_prove_nothing_with_endless_integers",
        "test_session__should_convict_who_signs_a_body_that_is_too_long_at_once",
        "test_session__should_drop_what_is_too_big_to_be_evidence",
    ),
    "stays linked": (
        "test_peer__should_be_out_as_soon_as_its_code_is_not_allowed",
        "test_admission__should_end_after_an_hour_and_with_what_it_rests_on",
        "test_proof__should_say_until_when_all_that_it_rests_on_is_good",
        "test_collateral__should_be_read_again_when_its_files_change",
    ),
    "has the dialler say something before it has proven itself": (
        "test_dialler__should_say_nothing_to_a_listener_that_does_not_prove_itself",
    ),
    "puts another key beside its signature": ("test_party_signature__should_cover_the_key",),
    "reads a secret": (
        "test_daemon__should_exit_0_on_sigterm_and_show_no_secret",
        "test_log__should_not_show_what_may_be_a_secret",
        "test_log__should_not_show_secret_numbers_and_who_holds_them",
    ),
    "a child equal to its parent, the identity, a digest of 0": (
        "test_derive__should_refuse_an_index_without_a_key",
        "test_derive__should_refuse_a_path_that_comes_back_to_its_parent_or_root",
        "test_order__should_refuse_a_digest_of_zero",
    ),
}
"""By what is tried, the second column of the page."""

WASTES: dict[str, tuple[str, ...]] = {
    "sends frames that no operator writes, or of more bytes or items than their kind has": (
        "test_peer_that_sends_what_no_operator_writes__should_be_cut",
        "test_frame__should_be_refused_above_the_bytes_of_its_kind",
        "test_frames__should_be_bounded_in_every_field",
        "test_largest_honest_frames__should_fit",
    ),
    "floods": (
        "test_flood__should_cut_its_sender_and_pace_an_honest_one",
        "test_handshakes__should_be_few_of_one_peer",
    ),
    "sends long frames": ("test_loop__should_have_its_turns_while_a_long_batch_is_read",),
    "speaks of executions that nobody knows": (
        "test_early_messages__should_be_few_of_one_peer",
        "test_early_messages__should_take_only_so_much_memory",
    ),
    "says more in an execution than its rules have it say": (
        "test_member__should_not_say_more_than_a_short_execution_has_room_for",
        "test_member__should_not_say_more_than_a_long_execution_has_room_for",
    ),
    "says nothing in auxiliary information, or its last word to some only": (
        "test_auxiliary_information__should_wait_by_how_long_the_others_took",
        "test_auxiliary_information__should_not_be_made_again_for_who_ends_it_late",
    ),
    "breaks a step with values that no check expected": (
        "test_message_that_breaks_a_step__should_not_break_the_operator",
        "test_message_that_breaks_a_check__should_be_its_senders_fault",
        "test_proposal_that_breaks_its_check__should_be_its_senders_fault",
    ),
    "proposes what is not due": (
        "test_presigning__should_not_go_on_when_the_pool_is_full",
        "test_request__should_not_be_signed_again_when_it_is_answered",
        "test_proposer__should_wait_for_its_turn",
        "test_aux__should_be_made_for_all_who_are_here_by_the_first_of_them",
        "test_aux__should_not_be_made_for_those_who_have_it",
        "test_new_shares__should_be_dealt_by_whose_turn_it_is",
    ),
    "says that it lost its share, or all that was made ahead with it, and gets it anew, "
    "again and again": (
        "test_share_that_is_lost_for_a_living__should_have_a_consequence",
        "test_member_that_loses_its_part_again_and_again__should_be_left_out",
    ),
    "refuses or calls off": (
        "test_refusing_for_a_living__should_not_stay_below_the_limit",
        "test_member_that_calls_off__should_answer_for_it_unless_it_names_bad_company",
        "test_peer__should_be_excluded_for_what_it_does_again_and_again",
    ),
}
"""By what a member does, the first column of the page."""


def rows(page: str, header: str, column: int) -> Iterator[str]:
    """The cells in one column of the table that begins with this header."""
    lines = (ROOT / page).read_text().splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith(header))
    for line in lines[first + 2 :]:
        if not line.startswith("| "):
            return
        yield line.split(" | ")[column].removeprefix("| ")


@pytest.fixture(scope="module")
def existing() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        if "node_modules" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_pages__should_name_the_attacks_that_are_tried() -> None:
    assert list(rows("docs/dmpc.md", "| who | tries |", 1)) == list(THREATS)
    assert list(rows("docs/operators.md", "| what a member does |", 0)) == list(WASTES)


@pytest.mark.parametrize("attack", [*THREATS, *WASTES])
def test_attack__should_have_its_tests(attack: str, existing: set[str]) -> None:
    tests = {**THREATS, **WASTES}[attack]
    assert tests
    assert set(tests) <= existing
