"""Published attacks by their names, each with the tests that mount it against a party of ours.

The table is for readers who look for an attack; a test keeps it true.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent

ATTACKS: dict[str, tuple[str, ...]] = {
    "TSSHOCK α-shuffle (Verichains 2023): items of a hash move or change places": (
        "test_encode__should_be_injective",
        "test_encode__should_keep_item_boundaries",
        "test_transcript__should_notice_shuffled_and_moved_items",
        "test_prm__should_refuse_shuffled_commitments",
    ),
    "TSSHOCK c-split: elements of small order": (
        "test_prm__should_refuse_an_s_outside_the_group_of_t",
        "test_prm__should_accept_a_guess_for_exactly_its_own_challenges",
    ),
    "TSSHOCK c-guess: too few challenges": (
        "test_prm__should_refuse_any_other_number_of_challenges",
        "test_prm__should_refuse_a_prover_who_guesses_challenges",
        "test_proof__should_fail_when_any_field_is_tampered_with",
    ),
    "CVE-2022-47930: proofs replayed in another session, by another prover, to another verifier": (
        "test_proof__should_be_bound_to_its_execution_prover_and_level",
        "test_proof__should_convince_its_own_verifier_only",
        "test_presign__should_refuse_messages_of_another_presigning",
        "test_aux_info__should_refuse_proofs_of_another_execution",
        "test_session_id__should_depend_on_everything_that_was_agreed",
    ),
    "CVE-2022-47931: an ambiguous hash": ("test_encode__should_be_injective",),
    "Alpha-Rays (ePrint 2021/1621): nonces, shares and masks out of range": (
        "test_presign__should_name_who_encrypts_a_nonce_out_of_range",
        "test_presign__should_name_who_masks_out_of_range",
        "test_presign__should_name_who_multiplies_by_another_share",
    ),
    "BitForge, CVE-2023-33241: moduli with small factors or of another form": (
        "test_mod__should_refuse_moduli_that_are_not_two_blum_primes",
        "test_modulus__should_be_refused_for_its_form",
        "test_fac__should_refuse_a_small_factor_that_mod_lets_pass",
        "test_aux_info__should_name_who_brings_a_bad_key",
        "test_aux_info__should_name_both_who_share_a_key",
    ),
    "CVE-2023-33242: signing again after a failure": (
        "test_failed_signing__should_have_burned_its_presignature",
    ),
    "CVE-2020-12118, Golden Shoe: unproven Pedersen parameters": (
        "test_well_formed__should_refuse_bad_sizes_and_bases",
        "test_prm__should_refuse_an_s_outside_the_group_of_t",
    ),
    "Forget-and-Forgive (ePrint 2020/1052): old shares erased too early": (
        "test_change__should_survive_a_crash_at_each_write",
        "test_change__should_leave_one_epoch_after_any_crashes_and_losses",
        "test_equivocation__should_never_split_the_honest",
    ),
    "Lather-Rinse-Repeat (same paper): epochs mixed": (
        "test_refresh__should_name_the_dealer_of_a_non_zero_constant_term",
        "test_epochs__should_never_verify_when_mixed",
        "test_old_shares__should_not_sign_with_new_ones",
    ),
    "zero or equal share indices modulo the order": (
        "test_lagrange__should_refuse_indices_that_are_zero_or_equal_modulo_the_order",
        "test_parties__should_refuse_bad_indices",
        "test_reshare__should_refuse_indices_that_are_no_coordinates",
    ),
    "threshold raise: a polynomial that is too long": (
        "test_dkg__should_name_a_party_that",
        "test_reshare__should_name_a_dealer_of_another_degree",
    ),
    "rogue key": (
        "test_dkg__should_name_a_party_that_cancels_the_others_without_knowing_its_share",
    ),
    "mirror: another party's contribution": (
        "test_dkg__should_name_a_party_that_copies_anothers_contribution",
        "test_dkg__should_reject_a_proof_made_by_another_party",
    ),
    "presignature reuse, also after a crash or a restored backup": (
        "test_sign__should_consume_the_presignature_before_the_share_leaves",
        "test_ledger__should_never_lose_a_consumption_in_a_crash",
        "test_ledger__should_detect_a_restored_backup",
        "test_files__should_refuse_a_restored_backup",
    ),
    "Groth and Shoup (ePrint 2021/1330): a digest or a derivation chosen after the nonce": (
        "test_requester_who_knows_the_nonce__should_get_no_signature_of_another_digest",
        "test_requester_who_knows_the_nonce__should_not_profit_from_knowing_the_beacon",
        "test_rho__should_depend_on_every_value_of_the_presignature",
        "test_rho__should_depend_on_digest_child_and_beacon",
    ),
    "answering an unproven nonce": ("test_presign__should_send_nothing_after_an_unproven_nonce",),
    "nonces that cancel out": ("test_presign__should_end_without_culprits_when_nonces_cancel_out",),
    "equivocation": (
        "test_session__should_prove_two_messages_in_one_slot",
        "test_session__should_name_who_lies_about_what_it_saw",
        "test_dkg__should_name_a_party_that_tells_two_stories",
        "test_presign__should_name_who_opens_different_values_to_different_peers",
    ),
    "FROST nonce reuse, Drijvers et al. (ROS)": (
        "test_reused_nonce__would_give_the_share_away",
        "test_requester_with_many_open_sessions__should_get_no_signature_more",
        "test_package__should_bind_every_commitment_and_the_message",
        "test_shares__should_use_a_published_nonce_once",
        "test_pool__should_refuse_a_nonce_that_a_snapshot_of_the_process_brought_back",
    ),
    "related keys (BIP 340): a signature of a child turned into its sibling's": (
        "test_signature_of_a_child__should_not_be_moved_to_its_sibling",
        "test_nonces__should_make_another_point_for_another_child_or_text",
        "test_signer_with_the_share_of_a_relative__should_be_named",
    ),
    "FROST stalled by bad or silent signers": (
        "test_roast__should_sign_with_five_of_eight_past_three_that",
    ),
    "high s, wrong recovery id, x above the order": (
        "test_finish__should_give_low_s_and_the_right_recovery_id",
        "test_finish__should_mark_an_x_above_the_order",
    ),
    "false accusation: evidence against the honest": (
        "test_evidence__should_never_convict_an_honest_party",
        "test_evidence__should_never_convict_an_honest_dealer_or_holder",
        "test_evidence__should_never_crash_on_forgeries",
        "test_a_bad_network__should_convict_nobody",
    ),
    "a wrong multiplication or opening, found after the fact (Fig. 9)": (
        "test_presign__should_name_who_opens_another_value",
        "test_presign__should_name_who_multiplied_wrongly_for_a_silent_friend",
        "test_presign__should_name_who_keeps_silent_about_a_failure",
    ),
}


def existing() -> set[str]:
    return {
        node.name
        for path in HERE.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack__should_have_its_tests(attack: str) -> None:
    assert set(ATTACKS[attack]) <= existing()
