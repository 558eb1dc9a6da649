"""The options that lead to the sandbox, as tasks have them."""

GL = {"url": "{{ gl_url }}", "token": "{{ gl_token }}"}
SDE = {"url": "{{ sde_url }}", "token": "{{ sde_token }}"}
SECTONA = {"url": "{{ sectona_url }}", "access_key": "{{ sectona_access_key }}"}
BAMBOO = {"url": "{{ bamboo_url }}", "token": "{{ bamboo_token }}"}
AGENT = {"url": "{{ bamboo_url }}", "uuid": "{{ bamboo_uuid }}"}
ITEM = {"kind": "group", "name": "Auditors", "business_source": "CyberArk (REST)"}
