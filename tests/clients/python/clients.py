"""The official Python clients against the emulator, with challenge and TLS verification on."""

import datetime
import json
import os
import socket
import ssl
import time
import unittest
import unittest.mock
import urllib.request

import jwt

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.keyvault.secrets import SecretClient

FOLDER, PORT = os.environ["EMULATOR_FOLDER"], os.environ["EMULATOR_PORT"]
# Printed by the emulator.
AUTHORITY = os.environ["AZURE_AUTHORITY_HOST"]
TENANT = "22222222-2222-4222-8222-222222222222"
OWNER = "11111111-1111-4111-8111-111111111111"
READER = "33333333-3333-4333-8333-333333333333"

# Names below localhost are this machine (RFC 6761); not every resolver knows.
_getaddrinfo = socket.getaddrinfo


def _local(host, *args, **kwargs):
    return _getaddrinfo("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **kwargs)


socket.getaddrinfo = _local


def control(method, path, body=None):
    """A request to the emulator's control endpoint."""
    with open(f"{FOLDER}/.credflow/control-key") as key:
        headers = {"Authorization": f"Bearer {key.read()}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{AUTHORITY}/_credflow/{path}", data, headers, method=method)
    context = ssl.create_default_context(cafile=f"{FOLDER}/.credflow/ca.pem")
    with urllib.request.urlopen(request, context=context) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def credential(client=OWNER, secret="an owner's secret", tenant=TENANT):
    return ClientSecretCredential(tenant, client, secret, authority=AUTHORITY, disable_instance_discovery=True)


def client(vault="payments", identity=None, **options):
    return SecretClient(f"https://{vault}.vault.localhost:{PORT}", identity or credential(), **options)


class Clients(unittest.TestCase):
    def setUp(self):
        self.client = client()
        self.addCleanup(control, "DELETE", "faults")
        self.addCleanup(control, "PUT", "clock", {"offset": 0})

    def refused(self, error, status, code, call, *args, **kwargs):
        """The call fails with that exception, status and innermost code."""
        with self.assertRaises(error) as caught:
            call(*args, **kwargs)
        raised = caught.exception
        self.assertEqual(raised.status_code, status)
        inner = raised.error and (raised.error.innererror or {}).get("code")
        self.assertEqual(inner or (raised.error and raised.error.code), code)

    def test_every_operation(self):
        until = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)
        made = self.client.set_secret(
            "Db-Password", "hunter2 \u00fc \U0001f511", content_type="text/plain", tags={"a": "b"}, expires_on=until
        )
        self.assertEqual(made.value, "hunter2 \u00fc \U0001f511")
        self.assertEqual((made.properties.expires_on, made.properties.enabled), (until, True))
        self.assertEqual(made.properties.vault_url, f"https://payments.vault.localhost:{PORT}")
        second = self.client.set_secret("db-password", "second")
        self.assertEqual(second.name, "Db-Password")
        self.assertEqual(self.client.get_secret("DB-PASSWORD").value, "second")
        first = self.client.get_secret("db-password", made.properties.version)
        self.assertEqual((first.value, first.properties.tags), (made.value, {"a": "b"}))
        changed = self.client.update_secret_properties(
            "db-password", second.properties.version, enabled=False, tags={"c": "d"}
        )
        self.assertEqual((changed.enabled, changed.tags), (False, {"c": "d"}))
        self.refused(HttpResponseError, 403, "SecretDisabled", self.client.get_secret, "db-password")
        self.client.update_secret_properties("db-password", enabled=True)
        versions = {item.version for item in self.client.list_properties_of_secret_versions("db-password")}
        self.assertEqual(versions, {made.properties.version, second.properties.version})
        backup = self.client.backup_secret("db-password")

        deleting = self.client.begin_delete_secret("db-password", _polling_interval=0.1)
        self.assertEqual(deleting.result().name, "Db-Password")
        deleting.wait()
        deleted = self.client.get_deleted_secret("db-password")
        self.assertIsNotNone(deleted.scheduled_purge_date)
        self.assertIn("Db-Password", [item.name for item in self.client.list_deleted_secrets()])
        self.refused(ResourceNotFoundError, 404, "SecretNotFound", self.client.get_secret, "db-password")
        self.refused(HttpResponseError, 409, "ObjectIsDeletedButRecoverable", self.client.set_secret, "db-password", "x")
        recovering = self.client.begin_recover_deleted_secret("db-password", _polling_interval=0.1)
        recovering.wait()
        self.assertEqual(self.client.get_secret("db-password").value, "second")

        self.client.begin_delete_secret("db-password", _polling_interval=0.1).wait()
        self.client.purge_deleted_secret("db-password")
        self.refused(ResourceNotFoundError, 404, "SecretNotFound", self.client.get_deleted_secret, "db-password")
        restored = self.client.restore_secret_backup(backup)
        self.assertEqual(restored.name, "Db-Password")
        self.assertEqual(self.client.get_secret("db-password", made.properties.version).value, made.value)
        self.refused(ResourceExistsError, 409, "Conflict", self.client.restore_secret_backup, backup)
        self.client.begin_delete_secret("db-password", _polling_interval=0.1).wait()
        self.client.purge_deleted_secret("db-password")

    def test_a_secret_that_is_being_deleted_is_told(self):
        unsettled = client("unsettled")
        unsettled.set_secret("leaving", "x")
        unsettled.begin_delete_secret("leaving")
        self.refused(HttpResponseError, 409, "ObjectIsBeingDeleted", unsettled.set_secret, "leaving", "x")

    def test_all_are_deleted_while_they_are_listed(self):
        names = {f"sweep-{index:02}" for index in range(60)}
        for name in names:
            self.client.set_secret(name, "x")
        # An empty page before each other one, without end.
        control("POST", "faults", {"fault": "empty-page"})
        swept = {}
        for item in self.client.list_properties_of_secrets():
            if item.name in names:
                swept[item.name] = self.client.begin_delete_secret(item.name, _polling_interval=0.1)
        self.assertEqual(set(swept), names)
        for name, deleting in swept.items():
            deleting.wait()
            self.client.purge_deleted_secret(name)

    def test_lists_come_in_pages(self):
        names = {f"page-{index:02}" for index in range(60)}
        for name in names:
            self.client.set_secret(name, "x")
        control("POST", "faults", {"fault": "empty-page", "count": 1})
        pages = [[item.name for item in page] for page in self.client.list_properties_of_secrets().by_page()]
        self.assertEqual(len(pages[0]), 0)
        self.assertEqual({name for page in pages for name in page if name.startswith("page-")}, names)
        self.assertTrue(all(len(page) <= 25 for page in pages))
        small = list(self.client.list_properties_of_secrets(max_page_size=7).by_page())
        self.assertGreaterEqual(len(small), 9)
        self.assertEqual(list(self.client.list_properties_of_secret_versions("none")), [])

    def test_a_certificates_secret(self):
        web = self.client.get_secret("web")
        self.assertEqual(web.value, "a certificate")
        self.assertTrue(web.properties.managed)
        version = web.properties.version
        self.assertEqual(web.properties.key_id, f"https://payments.vault.localhost:{PORT}/keys/web/{version}")
        self.refused(HttpResponseError, 403, "Forbidden", self.client.set_secret, "web", "x")

    def test_errors_are_the_clients_own(self):
        self.refused(ResourceNotFoundError, 404, "SecretNotFound", self.client.get_secret, "none")
        self.refused(HttpResponseError, 403, "SecretDisabled", self.client.get_secret, "disabled")
        self.refused(HttpResponseError, 400, "BadParameter", self.client.set_secret, "a_b", "x")
        self.refused(HttpResponseError, 400, "BadParameter", self.client.set_secret, "big", "x" * 25601)
        self.assertEqual(self.client.get_secret("expired").value, "of an expired secret")
        unknown = client(api_version="1999-01-01")
        self.refused(HttpResponseError, 400, "BadParameter", unknown.get_secret, "expired")

        reader = credential(READER, "a reader's secret")
        self.assertEqual(client(identity=reader).get_secret("expired").value, "of an expired secret")
        self.refused(HttpResponseError, 403, "ForbiddenByRbac", client(identity=reader).set_secret, "x", "x")
        self.assertEqual(client("policies", reader).get_secret("plain").value, "value")
        self.refused(HttpResponseError, 403, "AccessDenied", client("policies", reader).set_secret, "x", "x")
        self.refused(HttpResponseError, 403, "AccessDenied", client("policies").get_secret, "plain")
        self.refused(HttpResponseError, 403, "ForbiddenByFirewall", client("closed").get_secret, "plain")

    def test_identities(self):
        certificate = CertificateCredential(
            TENANT, OWNER, f"{FOLDER}/application.pem", authority=AUTHORITY, disable_instance_discovery=True
        )
        self.assertEqual(client(identity=certificate).get_secret("web").value, "a certificate")
        for identity, code in [
            (credential(secret="wrong"), "AADSTS7000215"),
            (credential(secret="an old secret"), "AADSTS7000222"),
            (credential(client="44444444-4444-4444-8444-444444444444"), "AADSTS700016"),
        ]:
            with self.assertRaises(ClientAuthenticationError) as caught:
                client(identity=identity).get_secret("web")
            self.assertIn(code, str(caught.exception))

    def test_what_is_printed_is_enough(self):
        identity = EnvironmentCredential(disable_instance_discovery=True)
        found = SecretClient(os.environ["PAYMENTS_VAULT_URL"], identity).get_secret("web")
        self.assertEqual(found.value, "a certificate")

    def test_a_machine_has_identities(self):
        with unittest.mock.patch.dict(os.environ, {"AZURE_POD_IDENTITY_AUTHORITY_HOST": AUTHORITY}):
            own, reader = ManagedIdentityCredential(), ManagedIdentityCredential(client_id=READER)
            none = ManagedIdentityCredential(client_id="44444444-4444-4444-8444-444444444444")
            self.assertEqual(client(identity=own).get_secret("web").value, "a certificate")
            self.assertEqual(client("policies", reader).get_secret("plain").value, "value")
            self.refused(HttpResponseError, 403, "ForbiddenByRbac", client(identity=reader).set_secret, "x", "x")
            with self.assertRaises(ClientAuthenticationError):
                client(identity=none).get_secret("web")

    def test_an_app_has_identities(self):
        with open(f"{FOLDER}/.credflow/identity-header") as header:
            served = {"IDENTITY_ENDPOINT": f"{AUTHORITY}/msi/token", "IDENTITY_HEADER": header.read()}
        with unittest.mock.patch.dict(os.environ, served):
            own, reader = ManagedIdentityCredential(), ManagedIdentityCredential(client_id=READER)
            self.assertEqual(client(identity=own).get_secret("web").value, "a certificate")
            self.assertEqual(client("policies", reader).get_secret("plain").value, "value")
        with unittest.mock.patch.dict(os.environ, {**served, "IDENTITY_HEADER": "wrong"}):
            with self.assertRaises(ClientAuthenticationError):
                client(identity=ManagedIdentityCredential()).get_secret("web")

    def test_a_workload_has_an_identity(self):
        path = f"{FOLDER}/federated-token"

        def identity(subject, key):
            now = int(time.time())
            claims = {
                "iss": "https://oidc.cluster.example/",
                "sub": subject,
                "aud": ["api://AzureADTokenExchange"],
                "exp": now + 600,
                "nbf": now,
            }
            with open(f"{FOLDER}/{key}") as pem, open(path, "w") as token:
                text = pem.read()
                token.write(jwt.encode(claims, text[text.index("-----BEGIN PRIVATE KEY-----") :], "RS256"))
            return WorkloadIdentityCredential(
                tenant_id=TENANT,
                client_id=OWNER,
                token_file_path=path,
                authority=AUTHORITY,
                disable_instance_discovery=True,
            )

        runner = "system:serviceaccount:deploy:runner"
        self.assertEqual(client(identity=identity(runner, "other.pem")).get_secret("web").value, "a certificate")
        for subject, key, code in [("another", "other.pem", "AADSTS700213"), (runner, "application.pem", "AADSTS50166")]:
            with self.assertRaises(ClientAuthenticationError) as caught:
                client(identity=identity(subject, key)).get_secret("web")
            self.assertIn(code, str(caught.exception))

    def test_a_token_that_was_ended_is_refused_and_times_shift(self):
        self.assertEqual(self.client.get_secret("web").value, "a certificate")
        control("POST", "tokens/expire")
        with self.assertRaises(ClientAuthenticationError):
            self.client.get_secret("web")
        self.assertEqual(client().get_secret("web").value, "a certificate")
        control("PUT", "clock", {"now": "2035-01-01T00:00:00Z"})
        # The clock moved on: the token of before is over, and what is made now was made then.
        made = client().set_secret("shifted", "x")
        self.assertEqual(made.properties.created_on.year, 2035)

    def test_a_throttle_is_waited_for(self):
        for retry_after in [1, None]:
            before = control("GET", "counts")["throttled"]
            fault = {"fault": "throttled", "count": 2, "secret": "web"}
            control("POST", "faults", fault if retry_after is None else {**fault, "retry-after": retry_after})
            begun = time.monotonic()
            self.assertEqual(client().get_secret("web").value, "a certificate")
            self.assertEqual(control("GET", "counts")["throttled"] - before, 2)
            if retry_after:
                self.assertGreaterEqual(time.monotonic() - begun, 2 * retry_after)
        control("POST", "faults", [{"fault": "failed", "status": 503, "count": 1}, {"fault": "reset", "count": 1}])
        self.assertEqual(client().get_secret("web").value, "a certificate")


if __name__ == "__main__":
    unittest.main(verbosity=1)
