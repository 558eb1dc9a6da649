# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that lead to SD Elements."""

from __future__ import annotations


class ModuleDocFragment:
    """For modules, and as C(connection_sde.plugin) for plugins of the controller."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The base URL of SD Elements, such as V(https://sde.example.com).
      - Taken from E(INFOSECOPS_SD_ELEMENTS_URL) if not given.
    type: str
  token:
    description:
      - The key from the API settings of the user's menu.
      - Taken from E(INFOSECOPS_SD_ELEMENTS_TOKEN) if not given.
    type: str
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
      - Taken from E(INFOSECOPS_SD_ELEMENTS_TIMEOUT) if not given.
    type: float
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
      - Taken from E(INFOSECOPS_SD_ELEMENTS_CONNECT_TIMEOUT) if not given.
    type: float
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
      - Taken from E(INFOSECOPS_SD_ELEMENTS_CA_FILE) if not given.
    type: path
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
      - Taken from E(INFOSECOPS_SD_ELEMENTS_CLIENT_CERT) if not given.
    type: path
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
      - Taken from E(INFOSECOPS_SD_ELEMENTS_CLIENT_KEY) if not given.
    type: path
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
      - Taken from E(INFOSECOPS_SD_ELEMENTS_PROXY) if not given.
    type: str
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
      - Taken from E(INFOSECOPS_SD_ELEMENTS_ALLOW_HTTP) if not given.
    type: bool
requirements:
  - infosecops, on the Python interpreter that runs the module
"""

    PLUGIN = r"""
options:
  url:
    description:
      - The base URL of SD Elements, such as V(https://sde.example.com).
    type: str
    env:
      - name: INFOSECOPS_SD_ELEMENTS_URL
    ini:
      - section: infosecops_sd_elements
        key: url
    vars:
      - name: infosecops_sd_elements_url
  token:
    description:
      - The key from the API settings of the user's menu.
    type: str
    env:
      - name: INFOSECOPS_SD_ELEMENTS_TOKEN
    ini:
      - section: infosecops_sd_elements
        key: token
    vars:
      - name: infosecops_sd_elements_token
  timeout:
    description:
      - Seconds for one call, retries and answer included.
      - The default is 30.
    type: float
    env:
      - name: INFOSECOPS_SD_ELEMENTS_TIMEOUT
    ini:
      - section: infosecops_sd_elements
        key: timeout
    vars:
      - name: infosecops_sd_elements_timeout
  connect_timeout:
    description:
      - Seconds for one connection, TLS included.
      - The default is 10.
    type: float
    env:
      - name: INFOSECOPS_SD_ELEMENTS_CONNECT_TIMEOUT
    ini:
      - section: infosecops_sd_elements
        key: connect_timeout
    vars:
      - name: infosecops_sd_elements_connect_timeout
  ca_file:
    description:
      - A PEM file with the certificates of the authorities to trust, instead of the system's.
    type: path
    env:
      - name: INFOSECOPS_SD_ELEMENTS_CA_FILE
    ini:
      - section: infosecops_sd_elements
        key: ca_file
    vars:
      - name: infosecops_sd_elements_ca_file
  client_cert:
    description:
      - A PEM file with the client's certificate, and its key unless O(client_key) is given.
    type: path
    env:
      - name: INFOSECOPS_SD_ELEMENTS_CLIENT_CERT
    ini:
      - section: infosecops_sd_elements
        key: client_cert
    vars:
      - name: infosecops_sd_elements_client_cert
  client_key:
    description:
      - A PEM file with the key of O(client_cert).
    type: path
    env:
      - name: INFOSECOPS_SD_ELEMENTS_CLIENT_KEY
    ini:
      - section: infosecops_sd_elements
        key: client_key
    vars:
      - name: infosecops_sd_elements_client_key
  proxy:
    description:
      - The URL of a proxy, or V(direct) for none.
      - By default the environment's variables for proxies count.
    type: str
    env:
      - name: INFOSECOPS_SD_ELEMENTS_PROXY
    ini:
      - section: infosecops_sd_elements
        key: proxy
    vars:
      - name: infosecops_sd_elements_proxy
  allow_http:
    description:
      - Allow plain http beyond the own machine, where everybody on the way can read secrets.
      - The default is V(false).
    type: bool
    env:
      - name: INFOSECOPS_SD_ELEMENTS_ALLOW_HTTP
    ini:
      - section: infosecops_sd_elements
        key: allow_http
    vars:
      - name: infosecops_sd_elements_allow_http
requirements:
  - infosecops, on the Python interpreter of the controller
"""
