# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that lead to Governance & Lifecycle."""

from __future__ import annotations


class ModuleDocFragment:
    """For modules, and as C(connection_gl.plugin) for plugins of the controller."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The base URL of Governance & Lifecycle, such as V(https://gl.example.com:8443).
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_URL) if not given.
    type: str
  token:
    description:
      - A token that was made elsewhere.
      - Give this, or O(username) and O(password), or O(client_id) and O(client_secret).
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_TOKEN) if not given.
    type: str
  username:
    description:
      - The user to log in as.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_USERNAME) if not given.
    type: str
  password:
    description:
      - That user's password.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_PASSWORD) if not given.
    type: str
  auth_source:
    description:
      - Where the user is known, if not in the default authentication source.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_AUTH_SOURCE) if not given.
    type: str
  client_id:
    description:
      - The id of a trusted application, to log in as that.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_ID) if not given.
    type: str
  client_secret:
    description:
      - Its secret.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_SECRET) if not given.
    type: str
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_TIMEOUT) if not given.
    type: float
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_CONNECT_TIMEOUT) if not given.
    type: float
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_CA_FILE) if not given.
    type: path
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_CERT) if not given.
    type: path
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_KEY) if not given.
    type: path
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_PROXY) if not given.
    type: str
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
      - Taken from E(INFOSECOPS_GOVERNANCE_LIFECYCLE_ALLOW_HTTP) if not given.
    type: bool
requirements:
  - infosecops, on the Python interpreter that runs the module
"""

    PLUGIN = r"""
options:
  url:
    description:
      - The base URL of Governance & Lifecycle, such as V(https://gl.example.com:8443).
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_URL
    ini:
      - section: infosecops_governance_lifecycle
        key: url
    vars:
      - name: infosecops_governance_lifecycle_url
  token:
    description:
      - A token that was made elsewhere.
      - Give this, or O(username) and O(password), or O(client_id) and O(client_secret).
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_TOKEN
    ini:
      - section: infosecops_governance_lifecycle
        key: token
    vars:
      - name: infosecops_governance_lifecycle_token
  username:
    description:
      - The user to log in as.
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_USERNAME
    ini:
      - section: infosecops_governance_lifecycle
        key: username
    vars:
      - name: infosecops_governance_lifecycle_username
  password:
    description:
      - That user's password.
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_PASSWORD
    ini:
      - section: infosecops_governance_lifecycle
        key: password
    vars:
      - name: infosecops_governance_lifecycle_password
  auth_source:
    description:
      - Where the user is known, if not in the default authentication source.
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_AUTH_SOURCE
    ini:
      - section: infosecops_governance_lifecycle
        key: auth_source
    vars:
      - name: infosecops_governance_lifecycle_auth_source
  client_id:
    description:
      - The id of a trusted application, to log in as that.
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_ID
    ini:
      - section: infosecops_governance_lifecycle
        key: client_id
    vars:
      - name: infosecops_governance_lifecycle_client_id
  client_secret:
    description:
      - Its secret.
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_SECRET
    ini:
      - section: infosecops_governance_lifecycle
        key: client_secret
    vars:
      - name: infosecops_governance_lifecycle_client_secret
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
    type: float
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_TIMEOUT
    ini:
      - section: infosecops_governance_lifecycle
        key: timeout
    vars:
      - name: infosecops_governance_lifecycle_timeout
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
    type: float
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_CONNECT_TIMEOUT
    ini:
      - section: infosecops_governance_lifecycle
        key: connect_timeout
    vars:
      - name: infosecops_governance_lifecycle_connect_timeout
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
    type: path
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_CA_FILE
    ini:
      - section: infosecops_governance_lifecycle
        key: ca_file
    vars:
      - name: infosecops_governance_lifecycle_ca_file
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
    type: path
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_CERT
    ini:
      - section: infosecops_governance_lifecycle
        key: client_cert
    vars:
      - name: infosecops_governance_lifecycle_client_cert
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
    type: path
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_CLIENT_KEY
    ini:
      - section: infosecops_governance_lifecycle
        key: client_key
    vars:
      - name: infosecops_governance_lifecycle_client_key
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
    type: str
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_PROXY
    ini:
      - section: infosecops_governance_lifecycle
        key: proxy
    vars:
      - name: infosecops_governance_lifecycle_proxy
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
    type: bool
    env:
      - name: INFOSECOPS_GOVERNANCE_LIFECYCLE_ALLOW_HTTP
    ini:
      - section: infosecops_governance_lifecycle
        key: allow_http
    vars:
      - name: infosecops_governance_lifecycle_allow_http
requirements:
  - infosecops, on the Python interpreter of the controller
"""
