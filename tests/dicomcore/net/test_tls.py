import ssl
from pathlib import Path

import pytest
from certificates import Authority

from dicomcore.errors import InvalidParameter
from dicomcore.net.tls import TlsProfile, client_context, server_context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str = "127.0.0.1") -> ssl.SSLObject:
    """Let two contexts talk in memory; returns the side of the client."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(to_client, to_server, server_hostname=host)
    answers = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asks, answers, asks, answers):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    answers.write(b"!")
    assert asks.read(1) == b"!"
    return asks


@pytest.mark.parametrize("profile", TlsProfile)
def test_profiles_agree_on_tls_1_3(authority: Authority, profile: TlsProfile) -> None:
    issued = authority.issue("server")
    server = server_context(issued.certificate, issued.private_key, profile=profile)
    agreed = shake_hands(client_context(profile=profile, authorities=authority.certificate), server)
    assert agreed.version() == "TLSv1.3"


def test_tls_1_2_is_spoken_with_those_who_know_nothing_newer(authority: Authority) -> None:
    issued = authority.issue("server")
    client = client_context(authorities=authority.certificate)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    agreed = shake_hands(client, server_context(issued.certificate, issued.private_key))
    assert agreed.version() == "TLSv1.2"


@pytest.mark.parametrize("profile", TlsProfile)
def test_nothing_older_than_tls_1_2_is_spoken(authority: Authority, profile: TlsProfile) -> None:
    issued = authority.issue("server")
    assert server_context(issued.certificate, issued.private_key, profile=profile).minimum_version == (
        ssl.TLSVersion.TLSv1_2
    )
    assert client_context(profile=profile).minimum_version == ssl.TLSVersion.TLSv1_2


def test_the_modified_profile_leaves_out_keys_of_128_bits_in_tls_1_2() -> None:
    client = client_context(profile=TlsProfile.MODIFIED_BCP_195)
    suites = [one["name"] for one in client.get_ciphers() if one["protocol"] == "TLSv1.2"]
    assert suites and all("AES256-GCM" in name or "CHACHA20" in name for name in suites)


@pytest.mark.parametrize("profile", TlsProfile)
def test_every_cipher_suite_is_authenticated_and_of_ephemeral_elliptic_curves(profile: TlsProfile) -> None:
    suites = client_context(profile=profile).get_ciphers()
    assert all(one["aead"] for one in suites)
    assert all(one["name"].startswith("ECDHE-") for one in suites if one["protocol"] == "TLSv1.2")


@pytest.mark.parametrize("profile", TlsProfile)
def test_the_suites_of_tls_1_3_are_all_there(authority: Authority, profile: TlsProfile) -> None:
    issued = authority.issue("server")
    server = server_context(issued.certificate, issued.private_key, profile=profile)
    names = {one["name"] for one in server.get_ciphers()}
    assert {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} <= names


def test_a_certificate_of_another_authority_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("server")
    other = Authority(tmp_path, "other")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|unable to get local issuer"):
        shake_hands(
            client_context(authorities=other.certificate), server_context(issued.certificate, issued.private_key)
        )


def test_a_certificate_for_another_host_is_not_believed(authority: Authority) -> None:
    issued = authority.issue("server")
    server = server_context(issued.certificate, issued.private_key)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"pacs\.test"):
        shake_hands(client_context(authorities=authority.certificate), server, "pacs.test")


def test_the_host_name_need_not_be_checked(authority: Authority) -> None:
    issued = authority.issue("server")
    client = client_context(authorities=authority.certificate, checks_host_name=False)
    assert shake_hands(client, server_context(issued.certificate, issued.private_key), "pacs.test").version()


def test_an_expired_certificate_is_not_believed(authority: Authority) -> None:
    issued = authority.issue("expired", days=0)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake_hands(
            client_context(authorities=authority.certificate), server_context(issued.certificate, issued.private_key)
        )


def test_mutual_tls_wants_a_certificate_of_the_client(authority: Authority) -> None:
    issued, ours = authority.issue("server"), authority.issue("client")
    server = server_context(issued.certificate, issued.private_key, authorities=authority.certificate, is_mutual=True)
    with_one = client_context(
        authorities=authority.certificate, certificate=ours.certificate, private_key=ours.private_key
    )
    assert shake_hands(with_one, server).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"(?i)peer did not return a certificate"):
        shake_hands(client_context(authorities=authority.certificate), server)


def test_a_revoked_certificate_is_not_believed(authority: Authority) -> None:
    issued, taken_back = authority.issue("server"), authority.issue("revoked")
    server = server_context(
        issued.certificate,
        issued.private_key,
        authorities=authority.certificate,
        revocations=authority.revoke(taken_back),
        is_mutual=True,
    )
    client = client_context(
        authorities=authority.certificate, certificate=taken_back.certificate, private_key=taken_back.private_key
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        shake_hands(client, server)


def test_mutual_tls_without_authorities_is_refused(authority: Authority) -> None:
    issued = authority.issue("server")
    with pytest.raises(InvalidParameter, match="authorities"):
        server_context(issued.certificate, issued.private_key, is_mutual=True)


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("server")
    with pytest.raises(InvalidParameter, match=r"missing\.pem"):
        server_context(tmp_path / "missing.pem", issued.private_key)
    with pytest.raises(InvalidParameter, match=r"missing\.pem"):
        client_context(authorities=tmp_path / "missing.pem")
