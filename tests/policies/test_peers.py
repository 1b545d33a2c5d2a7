"""Every check of other tools that gate claims to make has an owner: one rule, or BuildKit's own refusal."""

from __future__ import annotations

from collections import Counter

import pytest
from gate.finding import REFUSED

from tests.policies.cases import BUNDLE


def _numbers(text: str) -> list[str]:
    numbers = []
    for part in text.split():
        first, _, last = part.partition("-")
        numbers += [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]
    return numbers


_HADOLINT = "1000-1001 3000-3004 3006-3016 3018-3030 3032-3038 3040-3067 4000-4001 4003-4006"
_TRIVY = "0001-0002 0004-0017 0019-0027 0029-0031"
_BUILDKIT = """
    ConsistentInstructionCasing CopyIgnoredFile DuplicateStageName ExposeInvalidFormat ExposeProtoCasing FromAsCasing
    FromPlatformFlagConstDisallowed InvalidBaseImagePlatform InvalidDefaultArgInFrom InvalidDefinitionDescription
    JSONArgsRecommended LegacyKeyValueFormat MaintainerDeprecated MultipleInstructionsDisallowed NoEmptyContinuation
    RedundantTargetPlatform ReservedStageName SecretsUsedInArgOrEnv StageNameCasing UndefinedArgInFrom UndefinedVar
    WorkdirRelativePath
"""
_KICS = """
    add_instead_of_copy apk_add_using_local_cache_path apt_get_install_lists_were_not_deleted
    apt_get_install_pin_version_not_defined apt_get_missing_flags_to_avoid_manual_input
    apt_get_not_avoiding_additional_packages changing_default_shell_using_run_command chown_flag_exists
    copy_from_references_current_from_alias copy_with_more_than_two_arguments_not_ending_with_slash
    curl_or_wget_instead_of_add exposing_port_22 gem_install_without_version healthcheck_instruction_missing
    image_version_not_explicit image_version_using_latest last_user_is_root maintainer_instruction_being_used
    missing_dnf_clean_all missing_flag_from_dnf_install missing_user_instruction
    missing_version_specification_in_dnf_install missing_zypper_clean missing_zypper_non_interactive_switch
    multiple_cmd_instructions_listed multiple_entrypoint_instructions_listed
    multiple_run_add_copy_instructions_listed not_using_json_in_cmd_and_entrypoint_arguments
    npm_install_without_pinned_version passwords_and_secrets pip_install_keeping_cached_packages
    run_command_cd_instead_of_workdir run_using_apt run_using_dnf_update run_using_sudo run_using_upgrade_commands
    run_using_wget_and_curl run_using_zypper_update run_utilities_and_posix_commands same_alias_in_different_froms
    shell_running_a_pipe_without_pipefail_flag unix_ports_out_of_range unpinned_package_version_in_apk_add
    unpinned_package_version_in_pip_install update_instruction_alone use_of_apk_upgrade using_platform_with_from
    using_unnamed_build_stages workdir_path_not_absolute yum_clean_all_missing yum_install_allows_manual_input
    yum_install_without_version yum_update_disabled zypper_install_without_version
"""
_DOCKERFILELINT = """
    add_dest_invalid add_src_invalid apkadd-missing-virtual apkadd-missing_nocache_or_updaterm apt-get-dist-upgrade
    apt-get-update_require_install apt-get-upgrade apt-get_missing_param apt-get_missing_rm apt-get_recommends
    deprecated_in_1.13 expose_host_port extra_args from_first healthcheck_options_missing_args invalid_command
    invalid_format invalid_line invalid_port invalid_workdir label_invalid latest_tag missing_args missing_tag
    required_params sudo_usage uppercase_commands
"""
_TALLY = """
    copy-after-user-without-chown copy-from-empty-scratch-stage invalid-json-form invalid-onbuild-trigger
    no-secrets-in-arg-or-env no-unreachable-stages prefer-add-checksum prefer-add-unpack prefer-multi-stage-build
    prefer-package-cache-mounts require-secret-mounts user-created-but-never-used
    world-writable-state-path-workaround
"""
_PEERS = {
    "hadolint": [f"DL{number}" for number in _numbers(_HADOLINT)],
    "Trivy": [f"DS-{number}" for number in _numbers(_TRIVY)],
    "Checkov": [
        *(f"CKV_DOCKER_{number}" for number in _numbers("1-11")),
        *(f"CKV2_DOCKER_{number}" for number in _numbers("1-17")),
    ],
    "BuildKit": _BUILDKIT.split(),
    "KICS": [f"kics/{name}" for name in _KICS.split()],
    "Dockle": [
        *(f"CIS-DI-{number}" for number in _numbers("0001-0011")),
        *(f"DKL-DI-{number}" for number in _numbers("0001-0006")),
        *(f"DKL-LI-{number}" for number in _numbers("0001-0003")),
    ],
    "dockerfilelint": [f"dockerfilelint/{name}" for name in _DOCKERFILELINT.split()],
    "tally": [f"tally/{name}" for name in _TALLY.split()],
}


def _owned() -> list[str]:
    return [*REFUSED, *(alias for rule in BUNDLE.catalogue.values() for alias in rule.aliases)]


@pytest.mark.parametrize("peer", sorted(_PEERS))
def test_every_check_of_a_peer_has_an_owner(peer: str) -> None:
    assert sorted(set(_PEERS[peer]) - set(_owned())) == []


def test_a_check_of_a_peer_has_one_owner() -> None:
    assert [alias for alias, count in Counter(_owned()).items() if count > 1] == []
