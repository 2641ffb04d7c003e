from pathlib import Path

import pytest

from app.settings import InvalidSettings, Settings, load_settings

MIB = 2**20


def test_the_defaults_run_on_a_laptop() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8080, 1)
    assert settings.database_url == f"sqlite:///{Path.cwd() / 'isocenter-data' / 'index.sqlite'}"


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "isocenter.toml"
    file.write_text('port = 1\nworkers = 2\nroot-path = "/pacs"\n')
    monkeypatch.setenv("ISOCENTER_PORT", "3")
    monkeypatch.setenv("ISOCENTER_WORKERS", "4")
    settings = load_settings(config=file, port=5)
    assert (settings.port, settings.workers, settings.root_path) == (5, 4, "/pacs")


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "isocenter.toml"
    file.write_text('cors_origins = ["https://a.example", "https://b.example"]')
    monkeypatch.setenv("ISOCENTER_CONFIG", str(file))
    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


def test_lists_are_separated_by_commas_and_none_is_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_CORS_ORIGINS", "https://a.example, https://b.example,")
    monkeypatch.setenv("ISOCENTER_TRUSTED_PROXIES", "none")
    settings = load_settings()
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.trusted_proxies == ()


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_PORT", "")
    assert load_settings().port == 8080


def test_sizes_have_units() -> None:
    assert load_settings(max_instance_bytes="12MiB").max_instance_bytes == 12 * MIB


def test_settings_survive_the_way_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        port=0,
        dimse_port=0,
        called_ae_titles="A,B=C",
        bridge_cache_bytes="1GiB",
        trusted_proxies="none",
        cors_origins="*",
        relative_urls=True,
        data=Path("x"),
        verify_on_read=False,
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_a_misspelt_name_in_the_file_is_told_with_the_right_one(tmp_path: Path) -> None:
    file = tmp_path / "isocenter.toml"
    file.write_text("worker = 2")
    with pytest.raises(InvalidSettings, match="there is no setting 'worker'; did you mean workers"):
        load_settings(config=file)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "isocenter.toml"
    file.write_text("port: 8080")
    with pytest.raises(InvalidSettings, match="cannot read the configuration file"):
        load_settings(config=file)


def test_every_wrong_value_is_named() -> None:
    with pytest.raises(InvalidSettings, match=r"port: .*; workers: .*"):
        load_settings(port="http", workers=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("root_path", "pacs"),
        ("trusted_proxies", "proxy.example"),
        ("duplicates", "overwrite"),
        ("unheard_of", 1),
        ("dimse_port", 65_536),
        ("ae_title", "SEVENTEEN_LETTERS"),
        ("ae_title", " "),
        ("called_ae_titles", "ONE,TWO\\THREE"),
        ("called_ae_titles", "ONE="),
        ("calling_ae_titles", "SEVENTEEN_LETTERS"),
        ("dimse_tls_profile", "B.1"),
        ("dimse_tls_key", "key.pem"),
        ("dimse_tls_mutual", True),
        ("bridge_keep", "always"),
    ],
)
def test_a_value_that_cannot_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidSettings):
        load_settings(**{name: value})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_loopback_addresses_are_recognised(host: str) -> None:
    assert load_settings(host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "localhost.example", ""])
def test_whatever_others_may_reach_is_no_loopback_address(host: str) -> None:
    assert not load_settings(host=host).is_loopback


def test_there_are_no_associations_unless_they_are_asked_for() -> None:
    settings = load_settings()
    assert (settings.dimse_port, settings.is_dimse_guarded, settings.ae_title) == (None, True, "ISOCENTER")


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ({}, ("ISOCENTER",)),
        ({"ae_title": " PACS "}, ("PACS",)),
        ({"called_ae_titles": "OLD, WEB=REMOTE"}, ("ISOCENTER", "OLD", "WEB")),
        ({"called_ae_titles": "*,WEB=REMOTE"}, ()),
    ],
)
def test_we_are_called_by_our_title_and_by_others_that_were_named(
    given: dict[str, str], accepted: tuple[str, ...]
) -> None:
    assert load_settings(**given).accepted_ae_titles == accepted


def test_a_title_may_be_answered_from_a_node() -> None:
    assert load_settings(called_ae_titles="OLD,WEB=REMOTE").answering_nodes == {"WEB": "REMOTE"}


def test_mutual_tls_needs_the_authorities_of_the_peers() -> None:
    with pytest.raises(InvalidSettings, match="dimse_tls_mutual needs dimse_tls_ca"):
        load_settings(dimse_tls_mutual=True, dimse_tls_certificate="own.pem")
    assert load_settings(dimse_tls_mutual=True, dimse_tls_certificate="own.pem", dimse_tls_ca="ca.pem").dimse_tls_mutual


@pytest.mark.parametrize(
    ("given", "is_guarded"),
    [
        ({}, True),
        ({"dimse_host": "::1"}, True),
        ({"dimse_host": "0.0.0.0"}, False),
        ({"dimse_host": "0.0.0.0", "dimse_tls_certificate": "own.pem"}, False),
        (
            {
                "dimse_host": "::",
                "dimse_tls_certificate": "own.pem",
                "dimse_tls_mutual": True,
                "dimse_tls_ca": "ca.pem",
            },
            True,
        ),
    ],
)
def test_associations_are_guarded_by_address_or_certificate(given: dict[str, object], is_guarded: bool) -> None:
    assert load_settings(dimse_port=11112, **given).is_dimse_guarded is is_guarded


@pytest.mark.parametrize("given", ["htj2k", "1.2.840.10008.1.2.4.201"])
def test_images_are_recompressed_to_a_transfer_syntax_by_name_or_uid(given: str) -> None:
    assert load_settings(recompress=given).recompress == "1.2.840.10008.1.2.4.201"
    assert load_settings().recompress is None


@pytest.mark.parametrize("given", ["jpeg", "explicit", "htj2k-lossy", "gif"])
def test_nothing_is_recompressed_with_loss(given: str) -> None:
    with pytest.raises(InvalidSettings, match="recompress"):
        load_settings(recompress=given)


def test_every_number_has_a_unit_and_every_setting_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if field.annotation is not bool and isinstance(field.default, int | float) and name != "port":
            assert field.json_schema_extra["unit"], name  # type: ignore[index,call-overload]
