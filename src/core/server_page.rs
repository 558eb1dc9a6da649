//! The error pages that web servers and gateways write themselves: which part of such a page is the message. The rest is
//! the status in words, the kind of report, a description of the status and the server's name.
//!
//! <https://github.com/apache/tomcat/blob/main/java/org/apache/catalina/valves/ErrorReportValve.java>

use std::ops::Range;

use super::decode::html_text;

/// A report of Tomcat's has up to five fields.
const FIELDS_MAX: usize = 8;

/// What an error page says: the message alone if a web server wrote it, else all that can be seen.
pub fn page_text(page: &str) -> String {
    let parsed = Page {
        text: page,
        lower: page.to_ascii_lowercase(),
    };
    parsed.message().unwrap_or_else(|| html_text(page))
}

/// The words of a headline such as `HTTP Status 404 – unify`: what follows the status.
pub fn without_headline(text: &str) -> Option<&str> {
    let (before, reason) = text.split_once(['-', '\u{2013}'])?;
    let words: Vec<&str> = before.split_whitespace().collect();
    let status = words
        .last()
        .filter(|_| matches!(words.len(), 2 | 3) && before.contains("HTTP"))?;
    (status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit())).then(|| reason.trim_start())
}

struct Page<'p> {
    text: &'p str,
    /// With the same offsets.
    lower: String,
}

/// What stands between the tags of an element, and where its end tag ends.
struct Element {
    inner: Range<usize>,
    end: usize,
}

impl Page<'_> {
    fn message(&self) -> Option<String> {
        let Some(heading) = self.element("h1", 0) else {
            return self.without_first_heading();
        };
        let headline = self.shown(heading.inner.clone());
        if let Some(reason) = without_headline(&headline) {
            return self.report(reason, heading.end);
        }
        // IIS and ASP.NET say what is wrong in the heading below.
        if headline.starts_with("Server Error") {
            return self.element("h2", heading.end).map(|below| self.shown(below.inner));
        }
        self.below_heading(&headline, heading.end)
    }

    /// Tomcat and JBoss Web: fields with labels in the server's language. The first is the kind of report; the message is
    /// left out where there is none, the description stands for it then.
    fn report(&self, reason: &str, from: usize) -> Option<String> {
        let mut values: Vec<String> = Vec::new();
        let mut at = from;
        let mut exception = None;
        while values.len() < FIELDS_MAX
            && let Some(field) = self.element("p", at)
        {
            at = field.end;
            let Some(label) = self.element_in("b", field.inner.clone()) else {
                continue;
            };
            let value = self.shown(label.end..field.inner.end);
            if value.is_empty() && self.rest(at).starts_with("<pre") {
                exception = self.element("pre", at);
                break;
            }
            values.push(value);
        }
        if values.is_empty() {
            // Without fields: the headline has the message, unless more can be seen than the server's name.
            let name = self.element("h3", from).map_or(0..0, |name| name.inner);
            let is_all = html_text(self.text.get(from..)?) == self.shown(name);
            return is_all.then(|| reason.to_owned());
        }
        let thrown = exception.map(|trace| {
            let trace = self.text.get(trace.inner).unwrap_or_default();
            html_text(trace.trim_start().lines().next().unwrap_or_default())
        });
        let told = match values.get(1..).unwrap_or_default() {
            [message, _, ..] if !message.is_empty() => message.clone(),
            rest => thrown
                .or_else(|| rest.iter().find(|value| !value.is_empty()).cloned())
                .unwrap_or_else(|| reason.to_owned()),
        };
        Some(told)
    }

    /// nginx and its kin write their name below a line, Apache httpd does so too or not, and repeats the title.
    fn below_heading(&self, headline: &str, from: usize) -> Option<String> {
        let footer = self.lower.rfind("<hr").filter(|at| *at >= from);
        let signature = footer
            .and_then(|at| self.rest(at).split_once('>'))
            .map(|(_, rest)| rest.trim_start());
        let is_signed = signature.is_some_and(|rest| rest.starts_with("<address") || rest.starts_with("<center"));
        let title = self.element("title", 0).map_or(0..0, |title| title.inner);
        let title = html_text(self.text.get(title).unwrap_or_default());
        let is_titled = title.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start() == headline
            && self.rest(from).trim_start().starts_with("<p>");
        if !is_signed && !is_titled {
            return None;
        }
        let end = footer.filter(|_| is_signed).unwrap_or(self.text.len());
        let below = self.shown(from..end);
        Some(if below.is_empty() { headline.to_owned() } else { below })
    }

    /// Jetty's table, or its sentence of before 9.4.13, and WebLogic's quotation of the standard.
    fn without_first_heading(&self) -> Option<String> {
        let heading = self.element("h2", 0)?;
        let headline = self.shown(heading.inner);
        if headline.starts_with("HTTP ERROR") {
            let row = self
                .lower
                .find("<th>message:</th>")
                .and_then(|at| self.element("td", at));
            let reason = row.or_else(|| self.element("pre", heading.end))?;
            return Some(self.shown(reason.inner));
        }
        let quotes = self.rest(heading.end).contains("from rfc 2");
        (headline.starts_with("Error ") && quotes).then_some(headline)
    }

    fn rest(&self, at: usize) -> &str {
        self.lower.get(at..).unwrap_or_default()
    }

    fn shown(&self, range: Range<usize>) -> String {
        html_text(self.text.get(range).unwrap_or_default())
    }

    fn element(&self, name: &str, from: usize) -> Option<Element> {
        self.element_in(name, from..self.text.len())
    }

    /// The first element of this name in there that is closed.
    fn element_in(&self, name: &str, range: Range<usize>) -> Option<Element> {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        let within = |at: usize| self.lower.get(at..range.end);
        let mut at = range.start;
        loop {
            at += within(at)?.find(&open)? + open.len();
            if within(at)?.starts_with(['>', ' ', '\n', '\r', '\t']) {
                let inner = at + within(at)?.find('>')? + 1;
                let length = within(inner)?.find(&close)?;
                return Some(Element {
                    inner: inner..inner + length,
                    end: inner + length + close.len(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOMCAT: &str = "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title><style type=\"text/css\">body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b {color:white;background-color:#525D76;} p {font-size:12px;} .line {height:1px;border:none;}</style></head><body><h1>HTTP Status 404 – Not Found</h1>{}</body></html>";
    const NAME: &str = "<hr class=\"line\" /><h3>Apache Tomcat/10.1.60 (Debian)</h3>";

    fn tomcat(fields: &str) -> String {
        page_text(&TOMCAT.replace("{}", &format!("<hr class=\"line\" />{fields}{NAME}")))
    }

    #[test]
    fn tomcat_s_reports_give_their_message() {
        let described = "<p><b>Description</b> The origin server did not find a current representation.</p>";
        let status = |rest: &str| tomcat(&format!("<p><b>Type</b> Status Report</p>{rest}"));
        let message = "<p><b>Message</b> a &lt;b&gt; &#47;x [it&#39;s]</p>";
        assert_eq!(status(&format!("{message}{described}")), "a <b> /x [it's]");
        assert_eq!(status(message), "a <b> /x [it's]");
        assert_eq!(
            status(described),
            "The origin server did not find a current representation."
        );
        assert_eq!(status(""), "Not Found");
        assert_eq!(page_text(&TOMCAT.replace("{}", "")), "Not Found");
        assert_eq!(page_text(&TOMCAT.replace("{}", NAME)), "Not Found");
        let thrown = "<p><b>Exception</b></p><pre>java.lang.NullPointerException: x\n\torg.apache.A.b(A.java:1)\n</pre><p><b>Root Cause</b></p><pre>y</pre><p><b>Note</b> The full stack trace of the root cause is available in the server logs.</p>";
        let exception = |rest: &str| tomcat(&format!("<p><b>Type</b> Exception Report</p>{rest}{thrown}"));
        assert_eq!(exception(&format!("{message}{described}")), "a <b> /x [it's]");
        assert_eq!(exception(described), "java.lang.NullPointerException: x");
    }

    #[test]
    fn tomcat_s_reports_are_read_in_other_languages_and_releases() {
        let french = "<html lang=\"fr\"><head><title>État HTTP 404 – Non trouvé</title></head><body><h1>État HTTP 404 – Non trouvé</h1><hr class=\"line\" /><p><b>Type</b> Rapport d'état</p><p><b>message</b> unify</p><p><b>description</b> La ressource demandée n'est pas disponible.</p><hr class=\"line\" /><h3>Apache Tomcat/10.1.60 (Debian)</h3></body></html>";
        assert_eq!(page_text(french), "unify");
        let japanese = "<html lang=\"ja\"><body><h1>HTTPステータス 404 – 見つかりません</h1><hr class=\"line\" /><p><b>タイプ</b> ステータスレポート</p><p><b>メッセージ</b> unify</p><p><b>説明</b> 見</p><hr class=\"line\" /><h3>Apache Tomcat/9.0.1</h3></body></html>";
        assert_eq!(page_text(japanese), "unify");
        for name in ["Apache Tomcat/7.0.52", "JBoss Web/7.0.13.Final"] {
            let old = format!(
                "<html><head><title>{name} - Error report</title><style><!--H1 {{color:white;}}--></style> </head><body><h1>HTTP Status 404 - /x - y</h1><HR size=\"1\" noshade=\"noshade\"><p><b>type</b> Status report</p><p><b>message</b> <u>/x - y</u></p><p><b>description</b> <u>The requested resource is not available.</u></p><HR size=\"1\" noshade=\"noshade\"><h3>{name}</h3></body></html>"
            );
            assert_eq!(page_text(&old), "/x - y");
            assert_eq!(
                page_text(&old.replace("<u>/x - y</u>", "<u></u>")),
                "The requested resource is not available."
            );
        }
        assert_eq!(
            page_text("<h1><![CDATA[HTTP Status 412 - Missing <b> properties]]></h1>"),
            "Missing <b> properties"
        );
    }

    #[test]
    fn gateways_pages_give_their_message() {
        let httpd = |doctype: &str, footer: &str| {
            page_text(&format!(
                "<!DOCTYPE HTML PUBLIC \"{doctype}\">\n<html><head>\n<title>503 Service Unavailable</title>\n</head><body>\n<h1>Service Unavailable</h1>\n<p>The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\nproblems. Please try again later.</p>\n<p>Additionally, x.<br />\n</p>\n{footer}</body></html>\n"
            ))
        };
        let told = "The server is temporarily unable to service your request due to maintenance downtime or capacity problems. Please try again later. Additionally, x.";
        let signature = "<hr>\n<address>Apache/2.4.71 (Debian) Server at localhost Port 443</address>\n";
        assert_eq!(httpd("-//W3C//DTD HTML 4.01//EN", signature), told);
        assert_eq!(httpd("-//IETF//DTD HTML 2.0//EN", ""), told);
        let nginx = |heading: &str, more: &str, name: &str| {
            page_text(&format!(
                "<html>\r\n<head><title>x</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n{more}<hr><center>{name}</center>\r\n</body>\r\n</html>\r\n<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
            ))
        };
        assert_eq!(nginx("502 Bad Gateway", "", "nginx/1.22.1"), "502 Bad Gateway");
        assert_eq!(nginx("403 Forbidden", "", "openresty"), "403 Forbidden");
        let certificate = "<center>No required SSL certificate was sent</center>\r\n";
        assert_eq!(
            nginx("400 Bad Request", certificate, "nginx"),
            "No required SSL certificate was sent"
        );
    }

    #[test]
    fn other_servers_pages_give_their_message() {
        let jetty = "<html>\n<head>\n<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2>\n<table>\n<tr><th>URI:</th><td>/x</td></tr>\n<tr><th>STATUS:</th><td>404</td></tr>\n<tr><th>MESSAGE:</th><td>unify</td></tr>\n<tr><th>SERVLET:</th><td>-</td></tr>\n</table>\n<hr/><a href=\"https://eclipse.org/jetty\">Powered by Jetty:// 9.4.54</a><hr/>\n</body></html>";
        assert_eq!(page_text(jetty), "unify");
        let old = "<html><body><h2>HTTP ERROR 404</h2>\n<p>Problem accessing /x. Reason:\n<pre>    unify</pre></p><hr><i><small>Powered by Jetty://</small></i><hr/>\n</body></html>";
        assert_eq!(page_text(old), "unify");
        let weblogic = "<HTML><HEAD><TITLE>Error 404--Not Found</TITLE></HEAD><BODY><H2>Error 404--Not Found</H2><H3>From RFC 2068 <i>Hypertext Transfer Protocol -- HTTP/1.1</i>:</H3><H4>10.4.5 404 Not Found</H4><P>The server has not found anything matching</BODY></HTML>";
        assert_eq!(page_text(weblogic), "Error 404--Not Found");
        let iis = "<html><head><title>403 - Forbidden: Access is denied.</title></head><body>\n<div id=\"header\"><h1>Server Error</h1></div>\n<div id=\"content\"><fieldset>\n  <h2>403 - Forbidden: Access is denied.</h2>\n  <h3>You do not have permission.</h3>\n </fieldset></div></body></html>";
        assert_eq!(page_text(iis), "403 - Forbidden: Access is denied.");
        let undertow = "<html><head><title>Error</title></head><body>Not Found</body></html>";
        assert_eq!(page_text(undertow), "Not Found");
    }

    #[test]
    fn any_other_page_is_read_as_a_whole() {
        for page in [
            "<h1>HTTP Status 500 - x</h1><p>something else",
            "<h1>Access denied</h1><p>Ask your administrator.</p>",
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>",
            "<h1>a</h1><hr><p>b</p>",
            "<h2>Problem</h2><p>b</p>",
            "<h1>never closed",
            "<h1>HTTP Status 404 – x</h1><p><b>Type",
            "<h1>Über 404 – x</h1>",
            "",
        ] {
            assert_eq!(page_text(page), html_text(page), "{page}");
        }
    }

    #[test]
    fn long_pages_take_a_time_that_grows_with_their_length() {
        for piece in [
            "<h1",
            "<h1x",
            "<h1>HTTP Status 404 – x</h1><p><b>",
            "<p><b></b></p>",
            "<hr>",
            "<p>",
        ] {
            let page = format!("<h1>HTTP Status 404 – x</h1>{}", piece.repeat(200_000));
            assert!(page_text(&page).len() <= page.len());
            let page = piece.repeat(200_000);
            assert!(page_text(&page).len() <= page.len());
        }
    }
}
