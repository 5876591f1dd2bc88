"""What Schemathesis cannot know: how to log in, and whose ids there are."""

import os

import requests
import schemathesis

BASE = os.environ["KEYSTEAD"]
LOGIN = os.environ["KEYSTEAD_LOGIN"]
CUSTODIAN = os.environ["KEYSTEAD_CUSTODIAN"]


def log_in():
    answer = requests.post(f"{BASE}/rest/v2/auth/login", json={"username": LOGIN, "password": LOGIN}, timeout=20)
    answer.raise_for_status()
    return answer.json()["token"]


def get(path, token):
    answer = requests.get(f"{BASE}/rest/v2/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    answer.raise_for_status()
    return answer.json()


def make_client():
    """A client of the custodian, for the operations of custodians and clients."""
    headers = {"Authorization": f"Bearer {CUSTODIAN}"}
    answer = requests.post(f"{BASE}/api/clients", json={}, headers=headers, timeout=20)
    answer.raise_for_status()
    return answer.json()


TOKEN = log_in()
CLIENT = make_client()
USER = get("user/current", TOKEN)
OWN = {
    "userId": USER["id"],
    "hcPartyId": USER["healthcarePartyId"],
    "dataOwnerId": USER["healthcarePartyId"],
    "id": USER["healthcarePartyId"],
    "groupId": get("user/matches", TOKEN)[0]["groupId"],
}


@schemathesis.auth(refresh_interval=3)
class Session:
    """Requests can end the session they are made in: a new one every few seconds."""

    def get(self, case, context):
        return log_in()

    def set(self, case, data, context):
        path = case.operation.path
        if path.startswith("/api/"):
            of_client = "/clients/me" in path or "/analytics/" in path
            data = CLIENT["clientApiKey"] if of_client else CUSTODIAN
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Reads something that is there, every other time."""
    if path_parameters and context.operation.method.upper() == "GET":
        for name, own in OWN.items():
            value = path_parameters.get(name)
            if isinstance(value, str) and len(value) % 2 == 0:
                path_parameters[name] = CLIENT["id"] if context.operation.path.startswith("/api/") else own
    return path_parameters


@schemathesis.hook
def filter_case(context, case):
    """Ids come back from answers too: nothing may remove the user that everything else is asked as, or its group."""
    if case.operation.method.upper() == "GET":
        return True
    said = f"{case.path_parameters} {case.query} {case.body}"
    return not any(own in said for own in OWN.values())
