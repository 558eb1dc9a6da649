# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that lead to Bamboo."""

from __future__ import annotations


class ModuleDocFragment:
    """For modules, and as C(connection_bamboo.plugin) for plugins of the controller."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The base URL of Bamboo, such as V(https://ci.example.com/bamboo).
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_URL) if not given.
    type: str
  username:
    description:
      - A Bamboo administrator.
      - Give this and O(password), or O(token). Agents need neither, since their access token opens them.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_USERNAME) if not given.
    type: str
  password:
    description:
      - That user's password.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_PASSWORD) if not given.
    type: str
  token:
    description:
      - A personal access token of a Bamboo administrator.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_TOKEN) if not given.
    type: str
  api:
    description:
      - The paths of the plugin, V(agent-config) from 1.5 on and V(agent) before.
      - The default is V(auto), to find out.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_API) if not given.
    type: str
    choices: [auto, agent-config, agent]
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_TIMEOUT) if not given.
    type: float
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_CONNECT_TIMEOUT) if not given.
    type: float
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_CA_FILE) if not given.
    type: path
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_CLIENT_CERT) if not given.
    type: path
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_CLIENT_KEY) if not given.
    type: path
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_PROXY) if not given.
    type: str
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_ALLOW_HTTP) if not given.
    type: bool
requirements:
  - infosecops, on the Python interpreter that runs the module
"""

    PLUGIN = r"""
options:
  url:
    description:
      - The base URL of Bamboo, such as V(https://ci.example.com/bamboo).
    type: str
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_URL
    ini:
      - section: infosecops_bamboo_agents
        key: url
    vars:
      - name: infosecops_bamboo_agents_url
  username:
    description:
      - A Bamboo administrator.
      - Give this and O(password), or O(token). Agents need neither, since their access token opens them.
    type: str
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_USERNAME
    ini:
      - section: infosecops_bamboo_agents
        key: username
    vars:
      - name: infosecops_bamboo_agents_username
  password:
    description:
      - That user's password.
    type: str
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_PASSWORD
    ini:
      - section: infosecops_bamboo_agents
        key: password
    vars:
      - name: infosecops_bamboo_agents_password
  token:
    description:
      - A personal access token of a Bamboo administrator.
    type: str
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_TOKEN
    ini:
      - section: infosecops_bamboo_agents
        key: token
    vars:
      - name: infosecops_bamboo_agents_token
  api:
    description:
      - The paths of the plugin, V(agent-config) from 1.5 on and V(agent) before.
      - The default is V(auto), to find out.
    type: str
    choices: [auto, agent-config, agent]
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_API
    ini:
      - section: infosecops_bamboo_agents
        key: api
    vars:
      - name: infosecops_bamboo_agents_api
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
    type: float
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_TIMEOUT
    ini:
      - section: infosecops_bamboo_agents
        key: timeout
    vars:
      - name: infosecops_bamboo_agents_timeout
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
    type: float
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_CONNECT_TIMEOUT
    ini:
      - section: infosecops_bamboo_agents
        key: connect_timeout
    vars:
      - name: infosecops_bamboo_agents_connect_timeout
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
    type: path
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_CA_FILE
    ini:
      - section: infosecops_bamboo_agents
        key: ca_file
    vars:
      - name: infosecops_bamboo_agents_ca_file
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
    type: path
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_CLIENT_CERT
    ini:
      - section: infosecops_bamboo_agents
        key: client_cert
    vars:
      - name: infosecops_bamboo_agents_client_cert
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
    type: path
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_CLIENT_KEY
    ini:
      - section: infosecops_bamboo_agents
        key: client_key
    vars:
      - name: infosecops_bamboo_agents_client_key
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
    type: str
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_PROXY
    ini:
      - section: infosecops_bamboo_agents
        key: proxy
    vars:
      - name: infosecops_bamboo_agents_proxy
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
    type: bool
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_ALLOW_HTTP
    ini:
      - section: infosecops_bamboo_agents
        key: allow_http
    vars:
      - name: infosecops_bamboo_agents_allow_http
requirements:
  - infosecops, on the Python interpreter of the controller
"""
