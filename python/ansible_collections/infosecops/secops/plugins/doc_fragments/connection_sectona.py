# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that lead to Sectona."""

from __future__ import annotations


class ModuleDocFragment:
    """For modules, and as C(connection_sectona.plugin) for plugins of the controller."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The base URL of Sectona, such as V(https://pam.example.com).
      - Taken from E(INFOSECOPS_SECTONA_URL) if not given.
    type: str
  access_key:
    description:
      - The access key that was set when the API was registered in Sectona.
      - Taken from E(INFOSECOPS_SECTONA_ACCESS_KEY) if not given.
    type: str
  accept:
    description:
      - The form of answers to ask for. Both are understood, whatever comes.
      - The default is V(json).
      - Taken from E(INFOSECOPS_SECTONA_ACCEPT) if not given.
    type: str
    choices: [json, xml]
  failover:
    description:
      - Further URLs of the same vault, tried only where nothing can have reached the one before.
      - Taken from E(INFOSECOPS_SECTONA_FAILOVER) if not given.
    type: list
    elements: str
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
      - Taken from E(INFOSECOPS_SECTONA_TIMEOUT) if not given.
    type: float
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
      - Taken from E(INFOSECOPS_SECTONA_CONNECT_TIMEOUT) if not given.
    type: float
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
      - Taken from E(INFOSECOPS_SECTONA_CA_FILE) if not given.
    type: path
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
      - Taken from E(INFOSECOPS_SECTONA_CLIENT_CERT) if not given.
    type: path
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
      - Taken from E(INFOSECOPS_SECTONA_CLIENT_KEY) if not given.
    type: path
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
      - Taken from E(INFOSECOPS_SECTONA_PROXY) if not given.
    type: str
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
      - Taken from E(INFOSECOPS_SECTONA_ALLOW_HTTP) if not given.
    type: bool
requirements:
  - infosecops, on the Python interpreter that runs the module
"""

    PLUGIN = r"""
options:
  url:
    description:
      - The base URL of Sectona, such as V(https://pam.example.com).
    type: str
    env:
      - name: INFOSECOPS_SECTONA_URL
    ini:
      - section: infosecops_sectona
        key: url
    vars:
      - name: infosecops_sectona_url
  access_key:
    description:
      - The access key that was set when the API was registered in Sectona.
    type: str
    env:
      - name: INFOSECOPS_SECTONA_ACCESS_KEY
    ini:
      - section: infosecops_sectona
        key: access_key
    vars:
      - name: infosecops_sectona_access_key
  accept:
    description:
      - The form of answers to ask for. Both are understood, whatever comes.
      - The default is V(json).
    type: str
    choices: [json, xml]
    env:
      - name: INFOSECOPS_SECTONA_ACCEPT
    ini:
      - section: infosecops_sectona
        key: accept
    vars:
      - name: infosecops_sectona_accept
  failover:
    description:
      - Further URLs of the same vault, tried only where nothing can have reached the one before.
    type: list
    elements: str
    env:
      - name: INFOSECOPS_SECTONA_FAILOVER
    ini:
      - section: infosecops_sectona
        key: failover
    vars:
      - name: infosecops_sectona_failover
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
    type: float
    env:
      - name: INFOSECOPS_SECTONA_TIMEOUT
    ini:
      - section: infosecops_sectona
        key: timeout
    vars:
      - name: infosecops_sectona_timeout
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
    type: float
    env:
      - name: INFOSECOPS_SECTONA_CONNECT_TIMEOUT
    ini:
      - section: infosecops_sectona
        key: connect_timeout
    vars:
      - name: infosecops_sectona_connect_timeout
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
    type: path
    env:
      - name: INFOSECOPS_SECTONA_CA_FILE
    ini:
      - section: infosecops_sectona
        key: ca_file
    vars:
      - name: infosecops_sectona_ca_file
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
    type: path
    env:
      - name: INFOSECOPS_SECTONA_CLIENT_CERT
    ini:
      - section: infosecops_sectona
        key: client_cert
    vars:
      - name: infosecops_sectona_client_cert
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
    type: path
    env:
      - name: INFOSECOPS_SECTONA_CLIENT_KEY
    ini:
      - section: infosecops_sectona
        key: client_key
    vars:
      - name: infosecops_sectona_client_key
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
    type: str
    env:
      - name: INFOSECOPS_SECTONA_PROXY
    ini:
      - section: infosecops_sectona
        key: proxy
    vars:
      - name: infosecops_sectona_proxy
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
    type: bool
    env:
      - name: INFOSECOPS_SECTONA_ALLOW_HTTP
    ini:
      - section: infosecops_sectona
        key: allow_http
    vars:
      - name: infosecops_sectona_allow_http
requirements:
  - infosecops, on the Python interpreter of the controller
"""
