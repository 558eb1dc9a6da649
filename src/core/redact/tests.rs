//! What is masked and what stays readable.

use proptest::prelude::*;

use super::*;
use crate::core::target::encode_component;

#[test]
fn secret_names() {
    for name in [
        "alm_pass",
        "bind_password",
        "alm_api_token",
        "issue_tracker_pass",
        "uuid",
        "Password",
        "token",
        "accessToken",
        "JSESSIONID",
        "PHPSESSID",
        "bind_pw",
        "dbPwd",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in [
        "alm_user",
        "pass_through_filter",
        "tokens_read",
        "sde_project",
        "ldap_method",
        "alm_phases",
        "session_timeout",
        "token_type",
    ] {
        assert!(!is_secret_name(name), "{name}");
    }
}

/// What a server prints, and what is shown of it.
const MASKED: &[(&str, &str)] = &[
    // Queries and forms.
    (
        "Query String=cmd=x&amp;token=ws12:ab&amp;id=1",
        "Query String=cmd=x&amp;token=****&amp;id=1",
    ),
    ("?uuid=7ba167aa&x=1", "?uuid=****&x=1"),
    ("/x?%74oken=hunter22&y=1", "/x?%74oken=****&y=1"),
    ("/x?a[token]=hunter22&y=1", "/x?a[token]=****&y=1"),
    ("/x?a%5Btoken%5D=hunter22&y=1", "/x?a%5Btoken%5D=****&y=1"),
    (
        "?next=%2Fx%3Ftoken%3Dhunter22%26y%3D1&z=2",
        "?next=%2Fx%3Ftoken%3D****%26y%3D1&z=2",
    ),
    ("/login;jsessionid=0A1B2C?next=/x", "/login;jsessionid=****?next=/x"),
    ("/login;JSESSIONID=0A1B2C.node1", "/login;JSESSIONID=****"),
    (
        "https://sso.test/cb#access_token=eyJh.b-c_d&state=5",
        "https://sso.test/cb#access_token=****&state=5",
    ),
    (
        "https://user:hunter22@proxy.test:8080/x",
        "https://****@proxy.test:8080/x",
    ),
    ("http://host.test:8080/a@b", "http://host.test:8080/a@b"),
    (
        "PUT /rest/agent-config/1.0/tokens/7ba167aa-5b1c-4f9e-8f0a-000000000000 failed",
        "PUT /rest/agent-config/1.0/tokens/**** failed",
    ),
    (
        "/rest/agent/1.0/tokens/7BA167AA5B1C4F9E8F0A000000000000?x=1",
        "/rest/agent/1.0/tokens/****?x=1",
    ),
    (
        "/rest/agent-config/1.0/tokens/list",
        "/rest/agent-config/1.0/tokens/list",
    ),
    (
        "jdbc:oracle:thin:scott/tiger22@db01:1521/x",
        "jdbc:oracle:thin:scott/****@db01:1521/x",
    ),
    (
        "https://host/users/ann@example.com failed",
        "https://host/users/ann@example.com failed",
    ),
    // Headers.
    ("Authorization: Basic dXNlcjpwdw==", "Authorization: ****"),
    ("Session ID: 0A1B2C3D4E", "Session ID: ****"),
    ("the session id is missing", "the session id is missing"),
    (
        "otp=123456 pin: 4711 SAMLResponse=PHNhbWw",
        "otp=**** pin: **** SAMLResponse=****",
    ),
    ("Kennwort: hunter2, Passwort=hunter2", "Kennwort: ****, Passwort=****"),
    ("userPassword:: aHVudGVyMg==", "userPassword:: ****"),
    ("Foo::Token: not found", "Foo::Token: not found"),
    ("the password 'hunter2' is wrong", "the password '****' is wrong"),
    (
        "token 'read and write' exists already",
        "token 'read and write' exists already",
    ),
    ("<b>Password</b>: hunter2", "<b>Password</b>: ****"),
    ("<b>Token</b>: expired", "<b>Token</b>: expired"),
    (
        "authorization: Token hunter\r\nAccept: */*",
        "authorization: ****\r\nAccept: */*",
    ),
    (
        "GET /x HTTP/1.1 Authorization: Basic dXNlcjpwdw== Host: x",
        "GET /x HTTP/1.1 Authorization: **** Host: x",
    ),
    (
        "Proxy-Authorization: Digest username=\"u\", response=\"6629f\"",
        "Proxy-Authorization: ****",
    ),
    ("Cookie: a=b; c=d", "Cookie: ****"),
    ("Set-Cookie: JSESSIONID=0A1B; Path=/; HttpOnly", "Set-Cookie: ****"),
    ("X-Api-Key: hunter", "X-Api-Key: ****"),
    ("x-auth-token:hunter", "x-auth-token:****"),
    (
        r#"["Authorization: Basic dXNlcjpwdw==","Accept: x"]"#,
        r#"["Authorization: ****","Accept: x"]"#,
    ),
    (
        "curl -H 'Authorization: Bearer abc.def' https://x",
        "curl -H 'Authorization: ****",
    ),
    ("sent Bearer eyJhbGciOi1.e30.c2ln to x", "sent Bearer **** to x"),
    ("the header was Basic dXNlcjpwdw==", "the header was Basic ****"),
    // Words behind colons and arrows.
    ("bind_password: hunter", "bind_password: ****"),
    ("bind_password: correct horse battery", "bind_password: ****"),
    ("bind_password: hunter, user: bob", "bind_password: ****, user: bob"),
    ("bind_password: hunter user: bob", "bind_password: **** user: bob"),
    ("bind_password: hunter2 was refused", "bind_password: **** was refused"),
    ("bind_password:\thunter\nuser: bob", "bind_password:\t****\nuser: bob"),
    ("Invalid token: hunter22.", "Invalid token: ****."),
    ("password = hunter two\nuser = bob", "password = ****\nuser = bob"),
    ("password -> hunter", "password -> ****"),
    ("password->hunter", "password->****"),
    ("password → hunter", "password → ****"),
    ("password := hunter", "password := ****"),
    ("password is \"hunter\"", "password is \"****\""),
    ("the password was 'hunter'", "the password was '****'"),
    ("ldapsearch --password hunter -x", "ldapsearch --password **** -x"),
    ("pin 1234, pass: 1234", "pin 1234, pass: ****"),
    // JSON, in text, HTML and itself.
    (
        r#"{"alm_pass": "a\"b", "alm_user": "u"}"#,
        r#"{"alm_pass": "****", "alm_user": "u"}"#,
    ),
    (
        r#"{"password":["a b","c"],"x":["d"]}"#,
        r#"{"password":[****],"x":["d"]}"#,
    ),
    (r#"{"password":12345,"x":1}"#, r#"{"password":****,"x":1}"#),
    (r#"{"password":null,"token":true}"#, r#"{"password":null,"token":true}"#),
    (
        "{\n  \"password\" :\n    \"a b\"\n}",
        "{\n  \"password\" :\n    \"****\"\n}",
    ),
    (
        r#""{\"password\":\"a\\\"b\",\"x\":\"y\"}""#,
        r#""{\"password\":\"****\",\"x\":\"y\"}""#,
    ),
    (r#"{"password":"a\\","x":"y"}"#, r#"{"password":"****","x":"y"}"#),
    (
        "{&quot;password&quot;:&quot;a b&quot;,&quot;x&quot;:1}",
        "{&quot;password&quot;:&quot;****&quot;,&quot;x&quot;:1}",
    ),
    (
        "{&#34;password&#34;:&#34;a b&#34;}",
        "{&#34;password&#34;:&#34;****&#34;}",
    ),
    (
        "%7B%22password%22%3A%20%22a%20b%22%7D",
        "%7B%22password%22%3A%20%22****%22%7D",
    ),
    (
        r"{\u0022password\u0022:\u0022a b\u0022}",
        r"{\u0022password\u0022:\u0022****\u0022}",
    ),
    (
        r#"{"name":"password","value":"a b"}"#,
        r#"{"name":"password","value":"****"}"#,
    ),
    (
        r#"{"value":"a b","name":"password"}"#,
        r#"{"value":"****","name":"password"}"#,
    ),
    (r#"{"name":"user","value":"bob"}"#, r#"{"name":"user","value":"bob"}"#),
    // Dumps of other languages.
    ("'password' => 'a b', 'x' => 'y'", "'password' => '****', 'x' => 'y'"),
    ("[password] => hunter", "[password] => ****"),
    (
        r#"["password"]=> string(6) "hunter""#,
        r#"["password"]=> string(6) "****""#,
    ),
    ("Account{password=hunter, user=x}", "Account{password=****, user=x}"),
    ("Account[user=x, password=hun,ter]", "Account[user=x, password=****]"),
    (
        "Account(user='x', password='a b')",
        "Account(user='x', password='****')",
    ),
    ("{'password': 'a\\'b', 'x': b'y'}", "{'password': '****', 'x': b'y'}"),
    ("{'password': b'a b', 'x': u'y'}", "{'password': b'****', 'x': u'y'}"),
    (
        "[(b'authorization', b'Token x'), (b'a', b'b')]",
        "[(b'authorization', b'****'), (b'a', b'b')]",
    ),
    (":password=>\"a b\"", ":password=>\"****\""),
    ("Map(password -> hunter, user -> x)", "Map(password -> ****, user -> x)"),
    ("{Password:hunter User:x}", "{Password:**** User:x}"),
    ("{password:hunter,user:bob}", "{password:****,user:bob}"),
    (
        "private_key: |\n  AAAA\n  BBBB\nuser: x",
        "private_key: |\n  ****\nuser: x",
    ),
    ("\\ntoken=hunter22\\n", "\\ntoken=****\\n"),
    // XML and HTML.
    ("<password>p w</password>", "<password>****</password>"),
    (
        r#"<password type="x">p w</password>"#,
        r#"<password type="x">****</password>"#,
    ),
    ("<ns:password>p&lt;w</ns:password>", "<ns:password>****</ns:password>"),
    (
        "<password><![CDATA[p<w]]></password>",
        "<password><![CDATA[****]]></password>",
    ),
    (
        "&lt;password&gt;p w&lt;/password&gt;",
        "&lt;password&gt;****&lt;/password&gt;",
    ),
    (
        r"\u003cpassword\u003ep w\u003c/password\u003e",
        r"\u003cpassword\u003e****\u003c/password\u003e",
    ),
    (
        "<password>\n <value>p w</value></password>",
        "<password>****</password>",
    ),
    (r#"<a password="p w">text</a>"#, r#"<a password="****">text</a>"#),
    (
        r#"<entry name="password">p w</entry>"#,
        r#"<entry name="password">****</entry>"#,
    ),
    (
        r#"<entry key="password">p w</entry>"#,
        r#"<entry key="****">****</entry>"#,
    ),
    (
        r#"<input name="password" value="p w">"#,
        r#"<input name="password" value="****">"#,
    ),
    (
        r#"<input value='p w' type='password'/>"#,
        r#"<input value='****' type='password'/>"#,
    ),
    (
        r#"<input name="user" value="bob">"#,
        r#"<input name="user" value="bob">"#,
    ),
    (
        "<name>password</name><value>p w</value>",
        "<name>password</name><value>****</value>",
    ),
    (
        "<th>Token</th><td>abc</td><td>x</td>",
        "<th>Token</th><td>****</td><td>x</td>",
    ),
    ("<dt>Password:</dt>\n<dd>p w</dd>", "<dt>Password:</dt>\n<dd>****</dd>"),
    ("<b>Session token:</b> abc123", "<b>Session token:</b> ****"),
    // Everything below the name of a secret.
    (
        r#"{"password": {"value": "p w"}, "x": 1}"#,
        r#"{"password": {****}, "x": 1}"#,
    ),
    (r#"{"password": {}, "tokens": []}"#, r#"{"password": {}, "tokens": []}"#),
    (
        r#"{"token": {"a": {"b": ["p}w", {"c": 'q'}]}}, "x": "y"}"#,
        r#"{"token": {****}, "x": "y"}"#,
    ),
    (
        r#"{"password": [["p w"], {"a": "b"}], "x": 1}"#,
        r#"{"password": [****], "x": 1}"#,
    ),
    (
        r#"{\"password\": {\"value\": \"p w\"}, \"x\": 1}"#,
        r#"{\"password\": {****}, \"x\": 1}"#,
    ),
    (
        "&quot;password&quot;: {&quot;value&quot;: &quot;p}w&quot;}, &quot;x&quot;: 1",
        "&quot;password&quot;: {****}, &quot;x&quot;: 1",
    ),
    (
        "%22password%22%3A%7B%22a%22%3A%22b%22%7D&x=1",
        "%22password%22%3A%7B****%7D&x=1",
    ),
    (r#"{"password": {"value": "p w", "a": ["#, r#"{"password": {****"#),
    (
        r#"{"name": "password", "value": {"a": "b"}}"#,
        r#"{"name": "password", "value": {****}}"#,
    ),
    ("{'password': {'value': None, 'a': 'p w'}}", "{'password': {****}}"),
    ("password={value=p w, a=b}, x=1", "password={****}, x=1"),
    ("password=Secret(value='p w', since=2), x=1", "password=****, x=1"),
    ("password=Secret[value=p w, since=2], x=1", "password=****, x=1"),
    (
        "[password] => Array\n (\n [0] => p w\n )\n[x] => 1",
        "[password] => ****\n[x] => 1",
    ),
    (
        "[\"password\"]=> array(1) { [\"a\"]=> string(3) \"p w\" } x",
        "[\"password\"]=> **** x",
    ),
    (
        "?password[value]=p&password[a][b]=q&x[y]=1",
        "?password[value]=****&password[a][b]=****&x[y]=1",
    ),
    ("?password%5Bvalue%5D=p&x=1", "?password%5Bvalue%5D=****&x=1"),
    (
        "password.value=p, password.length=8",
        "password.value=****, password.length=8",
    ),
    (
        "user: bob\npassword:\n  value: p w\n  a:\n    - q\nhost: x",
        "user: bob\npassword:\n  ****\nhost: x",
    ),
    (
        "- tokens: 2\n- token:\n    - p w\n    - q\n- x: y",
        "- tokens: 2\n- token:\n    ****\n- x: y",
    ),
    (
        "<password><value>p w</value><b/>q<!-- r -->s</password><x>y</x>",
        "<password>****</password><x>y</x>",
    ),
    ("<password>p<br/>w</password>", "<password>****</password>"),
    (
        "<token><token>p</token>q</token><x>y</x>",
        "<token>****</token><x>y</x>",
    ),
    (
        r#"<password value="p w" type="x"/><x>y</x>"#,
        r#"<password value="****" type="x"/><x>y</x>"#,
    ),
    (
        r#"<entry name="password"><value>p w</value><a>q</a></entry><x>y</x>"#,
        r#"<entry name="password">****</entry><x>y</x>"#,
    ),
    (
        "&lt;password&gt;&lt;value&gt;p w&lt;/value&gt;&lt;/password&gt; x",
        "&lt;password&gt;****&lt;/password&gt; x",
    ),
    (
        "<th>Password</th><td><b>p</b> w</td><td>x</td>",
        "<th>Password</th><td>****</td><td>x</td>",
    ),
    ("<password><value>p w</value>", "<password>****"),
    ("usage: <token> <user>, then x", "usage: <token> <user>, then x"),
    (
        "<token> is no tag, see <a>x</a> for <b>more</b>",
        "<token>****<a>x</a> for <b>more</b>",
    ),
    // Prose.
    ("Unexpected token: { at line 3", "Unexpected token: { at line 3"),
    ("password:\n  must not be empty", "password:\n  must not be empty"),
    ("Invalid token: log in again", "Invalid token: log in again"),
    ("password: must not be empty", "password: must not be empty"),
    ("password: This field is required.", "password: This field is required."),
    ("Unexpected token: }", "Unexpected token: }"),
    (
        "BadCredentialsException: Bad credentials",
        "BadCredentialsException: Bad credentials",
    ),
    ("the token: is it expired?", "the token: is it expired?"),
    (
        "uuid: invalid type: null, expected a string",
        "uuid: invalid type: null, expected a string",
    ),
    (
        "token_type: bearer, expires_in: 300",
        "token_type: bearer, expires_in: 300",
    ),
    (
        "user name, password or token refused",
        "user name, password or token refused",
    ),
    ("Basic authentication required", "Basic authentication required"),
    ("Token::parse: no", "Token::parse: no"),
    (
        "error: connection refused at 10:30:00",
        "error: connection refused at 10:30:00",
    ),
    ("key: value", "key: value"),
    ("Wrong password.", "Wrong password."),
    (
        "see https://docs.test/password/reset",
        "see https://docs.test/password/reset",
    ),
];

#[test]
fn values_of_secret_names_go_and_prose_stays() {
    let mut wrong = Vec::new();
    for (text, expected) in MASKED {
        // What is masked stays as it is.
        for given in [text, expected] {
            let shown = scrub(given, &[]);
            if shown != *expected {
                wrong.push(format!("{given}\n  {shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn known_secrets_go_in_every_spelling() {
    let spelled = [
        r#"pä ss"<&>\w0rd/'x"#,
        r#"P%C3%A4%20ss%22%3C%26%3E%5Cw0rd%2F%27x"#,
        r#"p%c3%a4+ss%22%3c%26%3e%5cw0rd/'x"#,
        r#"p%E4%20ss%22%3C%26%3E%5Cw0rd/%27x"#,
        r#"p%u00E4%20ss%22%3C%26%3E%5Cw0rd/%27x"#,
        r#"pä ss&quot;&lt;&amp;&gt;\w0rd/&#039;x"#,
        r#"pä ss&#34;&lt;&amp;&gt;\w0rd&#x2F;&#39;x"#,
        r#"pä ss"&lt;&amp;>\w0rd/'x"#,
        r#"p&auml;&nbsp;ss&quot;&lt;&amp;&gt;&#92;w0rd&sol;&apos;x"#,
        r#"p&#228;&#x20;ss&#x0022;&#60&#38;&#X3E;&#x5c;w0rd&#x2f;&#x27;x"#,
        r#"pä ss\"<&>\\w0rd/'x"#,
        r#"pä ss\"<&>\\w0rd\/'x"#,
        r#"p\u00e4 ss\"\u003c\u0026\u003E\\w0rd\/\u0027x"#,
        r#"p\xe4 ss\x22<&>\x5cw0rd/\'x"#,
        r#"p\303\244 ss\"<&>\\w0rd/\'x"#,
        r#"p\u{e4} ss\"<&>\\w0rd/\'x"#,
        r#"pä ss&amp;quot;&amp;lt;&amp;amp;&amp;gt;\w0rd/&amp;#39;x"#,
        r#"pä ss\u0026quot;\u0026lt;\u0026amp;\u0026gt;\\w0rd/\u0026#39;x"#,
        r#"p%25C3%25A4%2520ss%2522%253C%2526%253E%255Cw0rd%252F%2527x"#,
        r#"pä ss\\\"<&>\\\\w0rd/'x"#,
        "pÃ¤ ss\"<&>\\w0rd/'x",
        "p\u{fffd} ss\"<&>\\w0rd/'x",
        "p? ss\"<&>\\w0rd/'x",
        "pä\r\n  ss\"<&>\\w0rd/'x",
        "p\0ä\0 \0s\0s\0\"\0<\0&\0>\0\\\0w\x000\0r\0d\0/\0'\0x",
    ];
    let secrets = [Secret::new(r#"pä ss"<&>\w0rd/'x"#)];
    for text in spelled {
        assert_eq!(scrub(&format!("a {text} b"), &secrets), "a **** b", "{text}");
    }
}

#[test]
fn known_secrets_go_in_base64_and_hex() {
    let secret = Secret::new("hunter22?>secret");
    let secrets = [secret];
    for (form, rest) in [
        ("aHVudGVyMjI/PnNlY3JldA==", ""),
        ("aHVudGVyMjI_PnNlY3JldA", ""),
        ("aHVudGVyMjI%2FPnNlY3JldA%3D%3D", "%3D%3D"),
        // user:hunter22?>secret
        ("dXNlcjpodW50ZXIyMj8+c2VjcmV0", "dXNlcjp"),
        // a:hunter22?>secret, ab:hunter22?>secret
        ("YTpodW50ZXIyMj8+c2VjcmV0", "YTp"),
        ("YWI6aHVudGVyMjI/PnNlY3JldA==", "YWI6"),
        ("68756e74657232323f3e736563726574", ""),
        ("68756E74657232323F3E736563726574", ""),
    ] {
        let shown = scrub(form, &secrets).replace(MASK, "");
        assert!(shown.len() <= rest.len() + 2, "{form}: {shown}");
    }
}

#[test]
fn no_part_of_a_secret_is_left_at_an_edge() {
    let secret = Secret::new("hunter22secret");
    let reach = Known::new(std::slice::from_ref(&secret)).reach();
    for blanks in 25_580 + reach..25_602 + reach {
        let body = format!("{}hunter22secret", " ".repeat(blanks));
        let shown = excerpt(body.as_bytes(), std::slice::from_ref(&secret)).unwrap_or_default();
        assert!(!shown.contains("hunt"), "{blanks}: {shown}");
    }
    let pair = [Secret::new("hunter22"), secret];
    assert_eq!(scrub("hunter22secret hunter22", &pair), "**** ****");
    // One begins within another.
    let pair = [Secret::new("abcdefgh"), Secret::new("ghijklmn")];
    assert_eq!(scrub("x abcdefghijklmn y", &pair), "x **** y");
}

#[test]
fn secrets_with_blanks_go_wherever_lines_break() {
    let secrets = [Secret::new("open  sesame now")];
    for body in [
        "open  sesame now",
        "open sesame now",
        "open\nsesame\u{0} now",
        "open+sesame%20now",
    ] {
        assert_eq!(excerpt(body.as_bytes(), &secrets).as_deref(), Some(MASK), "{body:?}");
    }
}

#[test]
fn a_plus_sign_is_a_blank_of_forms_or_itself() {
    for secret in ["pass  +word", "pass \t ++word", "a + b + c", "1+2 +3"] {
        let forms = [secret.to_owned(), secret.replace(' ', "+"), encode_component(secret)];
        for form in forms {
            let text = format!("<{form}> {form}{form}");
            assert!(!scrub(&text, &[Secret::new(secret)]).contains(&form), "{text}");
        }
    }
}

#[test]
fn utf_16_is_masked_by_name_too() {
    let body: Vec<u8> = "{\"password\": \"a b\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(excerpt(&body, &[]).as_deref(), Some("{\"password\": \"****\"}"));
}

#[test]
fn excerpts_are_one_short_line() {
    assert_eq!(excerpt(b" \n", &[]), None);
    assert_eq!(excerpt(b"a\r\n  b\x01c", &[]).as_deref(), Some("a b c"));
    assert_eq!(
        excerpt("ü".repeat(1000).as_bytes(), &[]).map(|text| text.chars().count()),
        Some(EXCERPT_CHARS + 1)
    );
}

#[test]
fn contexts_are_masked_and_their_addresses_cut() {
    let mut shown = Context {
        url: Some(format!(
            "https://h.test/x;jsessionid=0A1B?a={}&b=hunter22",
            "ü".repeat(400)
        )),
        request_id: Some(format!("{}hunt%65r22", "r".repeat(94))),
        ..Context::default()
    };
    context(&mut shown, &[Secret::new("hunter22")]);
    let url = shown.url.unwrap();
    assert!(url.starts_with("https://h.test/x;jsessionid=****?a=ü"), "{url}");
    assert_eq!(url.chars().count(), URL_CHARS + 1);
    assert_eq!(shown.request_id, Some(format!("{}****", "r".repeat(94))));
}

#[test]
fn paths_show_no_token() {
    for (path, expected) in [
        (
            "/rest/agent-config/1.0/tokens/7ba167aa-5b1c",
            "/rest/agent-config/1.0/tokens/****",
        ),
        ("/rest/agent/1.0/tokens/x%2Dy/z", "/rest/agent/1.0/tokens/****/z"),
        ("/rest/agent/1.0/%74okens/xy", "/rest/agent/1.0/%74okens/****"),
        ("/rest/agent/1.0/tokens", "/rest/agent/1.0/tokens"),
        ("/rest/agent/1.0/tokens/", "/rest/agent/1.0/tokens/"),
        ("/a;jsessionid=0A1B/b;v=1", "/a;jsessionid=****;v=1"),
        ("/api/v2/users/me/", "/api/v2/users/me/"),
    ] {
        assert_eq!(shown_path(path).0, expected);
    }
}

#[test]
fn headers_of_the_caller_are_secret_by_name_and_length() {
    let found = |name: &'static str, value: &str| {
        let secrets = secrets_of_header(&http::HeaderName::from_static(name), value.as_bytes());
        secrets
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("x-api-key", "abcd"), ["abcd"]);
    assert_eq!(found("x-tenant", "iam"), [""; 0]);
    assert_eq!(found("x-tenant", "9f8e7d6c5b"), ["9f8e7d6c5b"]);
    assert_eq!(found("x-gateway", "Bearer abc.def"), ["Bearer abc.def", "abc.def"]);
    assert_eq!(
        found("cookie", "a=bcde; f=\"ghij\""),
        ["a=bcde; f=\"ghij\"", "bcde", "ghij"]
    );
    for name in [
        "accept",
        "accept-language",
        "user-agent",
        "content-type",
        "x-request-id",
        "traceparent",
        "x-b3-traceid",
    ] {
        assert_eq!(found(name, "application/json"), [""; 0], "{name}");
    }
}

/// Steps are counted as readings of places: with each twice the text there must be no more than some twice the steps.
#[test]
fn the_work_grows_with_the_text_and_not_with_its_square() {
    let secrets = [Secret::new("hunter22"), Secret::new("%&\\<=\"'aaaaaaaa")];
    let pieces = [
        "=",
        ":",
        ">",
        "<",
        "\"",
        "'",
        "\\",
        "&",
        "%",
        "a",
        "-",
        "/",
        "[",
        "{",
        ",",
        "://",
        "token=",
        "token:",
        "token: ",
        "name=",
        "name=\"",
        "value=",
        "value='",
        "name='\"",
        "password ",
        "password: |",
        "<password>",
        "<password",
        "&lt;password&gt;",
        "<![CDATA[",
        "token=[",
        "token=[[",
        "token={",
        "token={\"",
        "token={'a': ",
        "token -> {",
        "token=a(b ",
        "token[a",
        "token.value",
        "token:\n  - a\n",
        "token:\n",
        "value=[",
        "value={name=token ",
        "value=[,name=token,",
        "<password><a>",
        "<password>a<b>",
        "<password><password></password>",
        "token=\"",
        "token='",
        "token=''",
        "('token',",
        "tokens/",
        "&amp;",
        "\\u0022",
        "%22",
        "%25",
        "Cookie: ",
        "--token ",
        "Bearer ",
        "key = ",
        "token=string(",
        "token=b",
        "token=\\",
        "\\\"token",
        "&#",
        "&a",
        "\\u",
    ];
    let small = 2_000;
    for piece in pieces {
        let steps = |count: usize| {
            units::READ.set(0);
            scrub(&piece.repeat(count), &secrets);
            units::READ.get().max(1)
        };
        let (one, four) = (steps(small), steps(4 * small));
        assert!(four <= 5 * one + 1000, "{piece:?}: {one}, {four}");
    }
    for piece in ["=", ":", ">", "<", "\"", "'", "token:"] {
        let text = piece.repeat(1_000_000 / piece.len());
        assert!(scrub(&text, &secrets).len() <= text.len());
    }
}

/// Some ways in which one character can be written, by number.
fn spelled(character: char, way: usize) -> String {
    let code = u32::from(character);
    let escaped = match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    match way {
        0 | 1 => character.to_string(),
        2 => encode_component(&character.to_string()),
        3 => character
            .to_string()
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect(),
        4 => format!("&#{code};"),
        5 => format!("&#x{code:X};"),
        6 => format!("&#{code:05};"),
        7 => escaped,
        8 => {
            let mut units = [0; 2];
            character
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect()
        }
        9 if code < 0x100 => format!("\\x{code:02X}"),
        10 if !character.is_alphanumeric() => format!("\\{character}"),
        11 => encode_component(&encode_component(&character.to_string())),
        12 => format!("&amp;#{code};"),
        13 => format!("\\u0026#x{code:x};"),
        _ => character.to_string(),
    }
}

proptest! {
    #[test]
    fn a_known_secret_never_survives(
        secret in "[!-)+-~\u{e4}\u{1f511}]([ -)+-~\u{e4}]{6,20})[!-)+-~]",
        around in prop::collection::vec("[a-z =:<>\"'&;\\\\]{0,6}", 3),
        ways in prop::collection::vec(0..14_usize, 24),
    ) {
        let text: String = secret.chars().zip(ways.iter().cycle()).map(|(one, way)| spelled(one, *way)).collect();
        let body = [around[0].as_str(), &text, &around[1], &secret, &around[2]].concat();
        let secrets = [Secret::new(secret.clone())];
        let mut taken = Context { url: Some(body.clone()), request_id: Some(body.clone()), ..Context::default() };
        context(&mut taken, &secrets);
        for shown in [
            scrub(&body, &secrets).into_owned(),
            excerpt(body.as_bytes(), &secrets).unwrap_or_default(),
            taken.url.unwrap_or_default(),
            taken.request_id.unwrap_or_default(),
        ] {
            // What stands around it may end with the first escape of it, or begin with what it could have gone on with.
            for form in [&secret, &text] {
                prop_assert!(!shown.contains(form.as_str()), "{} in {} of {}", form, shown, body);
            }
            let rest: usize = around.iter().map(String::len).sum();
            prop_assert!(shown.len() <= rest + 3 * MASK.len(), "{} of {}", shown, body);
        }
    }

    #[test]
    fn the_value_of_a_secret_name_never_survives(
        value in "[A-Z0-9][a-zA-Z0-9+/_~-]{7,30}",
        name in prop::sample::select(vec!["token", "alm_pass", "Password", "uuid", "client-secret", "X-Api-Key"]),
        before in "[a-z ]{0,5}[ {(?&]",
    ) {
        let forms = [
            format!("{before}{name}={value}&x=1"),
            format!("{before}\"{name}\": \"{value}\", \"x\": 1"),
            format!("{before}{{'{name}': '{value}'}}"),
            format!("{before}<{name}>{value}</{name}>"),
            format!("{before}<{name} type=\"x\"><![CDATA[{value}]]></{name}>"),
            format!("{before}<a {name}=\"{value}\"/>"),
            serde_json::to_string(&format!("{{\"{name}\":\"{value}\"}}")).unwrap(),
            format!("{before}{name}: {value}"),
            format!("{before}{name} -> {value}, x"),
            format!("{before}'{name}' => '{value}'"),
            format!("{before}A{{{name}={value}, x=1}}"),
            format!("{before}\"{name}\":[\"{value}\"]"),
            format!("{before}<entry name=\"{name}\">{value}</entry>"),
            format!("{before}<input name='{name}' value='{value}'>"),
        ];
        for text in forms {
            for text in [quick_xml::escape::escape(&text).into_owned(), encode_component(&text), text] {
                let shown = scrub(&text, &[]);
                prop_assert!(!shown.contains(&value) && shown.contains(MASK), "{} of {}", shown, text);
            }
        }
    }

    #[test]
    fn any_text_is_taken(text in any::<String>(), pieces in prop::collection::vec(0..12_usize, 0..24)) {
        let parts = ["token", "=", ": ", "\"", "'", "<", ">", "\\", "&quot;", "%22", "[", "name="];
        let made: String = pieces.iter().map(|piece| parts[*piece]).collect();
        for text in [text, made] {
            scrub(&text, &[Secret::new("token=\"")]);
        }
    }
}
