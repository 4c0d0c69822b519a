import Crypto
import Foundation
import HTTPTypes

extension Reply {
    /// The page with all that it shows.
    static func page(_ view: PageView) -> Reply {
        var html = HTML()
        PageDocument.write(to: &html, title: "Switchyard", isLocked: false, view.content)
        return Reply(text: html.text.utf8, type: "text/html; charset=utf-8", headers: PageDocument.headers)
    }

    /// The page without anything in it: it asks for an operator's key, and gets its content with that.
    static func lockedPage() -> Reply {
        var html = HTML()
        PageDocument.write(to: &html, title: "Switchyard", isLocked: true) { html in
            html.element("div", ["id": "live"]) { _ in }
        }
        return Reply(text: html.text.utf8, type: "text/html; charset=utf-8", headers: PageDocument.headers)
    }

    /// What the page puts in the place of its content.
    static func pageContent(_ view: PageView) -> Reply {
        var html = HTML()
        view.content(into: &html)
        return Reply(text: html.text.utf8, type: "text/html; charset=utf-8", headers: PageDocument.headers)
    }
}

/// What stands around the content of the page: head, controls, style and script.
enum PageDocument {
    /// Nothing may be loaded, framed or sent but what is in the page itself, and calls of the same origin.
    static let headers: HTTPFields = [
        .contentSecurityPolicy: [
            "default-src 'none'", "script-src '\(hash(PageScript.text))'", "style-src '\(hash(PageStyle.text))'",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; "),
        .xContentTypeOptions: "nosniff",
        .referrerPolicy: "no-referrer",
        .crossOriginOpenerPolicy: "same-origin",
        .crossOriginResourcePolicy: "same-origin",
    ]

    /// As a policy names what it lets in.
    static func hash(_ text: StaticString) -> String {
        let digest = SHA256.hash(data: Array(text.description.utf8))
        return "sha256-" + Data(digest).base64EncodedString()
    }

    static func write(to html: inout HTML, title: String, isLocked: Bool, _ content: (inout HTML) -> Void) {
        html.constant("<!doctype html>")
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { html in
                html.begin("meta", ["charset": "utf-8"])
                html.begin("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                html.begin("meta", ["name": "color-scheme", "content": "light dark"])
                html.element("title", title)
                html.begin("link", ["rel": "icon", "href": icon])
                html.element("style") { $0.constant(PageStyle.text) }
                if !isLocked {
                    html.constant(#"<noscript><meta http-equiv="refresh" content="2"></noscript>"#)
                }
            }
            html.element("body", ["data-locked": isLocked ? "" : nil]) { html in
                html.element("a", ["class": "skip", "href": "#main"], "Skip to the content")
                header(&html, isLocked: isLocked)
                // What was pressed came to, and how the first words of the page change: to be read out, and nothing else.
                html.element("p", ["id": "notice", "role": "status"]) { _ in }
                html.element("p", ["id": "spoken", "class": "hidden", "role": "status"]) { _ in }
                html.element("main", ["id": "main", "tabindex": "-1"]) { html in
                    if isLocked { unlock(&html) }
                    content(&html)
                }
                ask(&html)
                html.element("script") { $0.constant(PageScript.text) }
            }
        }
    }

    private static func header(_ html: inout HTML, isLocked: Bool) {
        html.element("header", ["id": "top"]) { html in
            html.element("h1", "Switchyard")
            html.element("p", ["id": "link", "class": "js", "role": "status"], "Live")
            html.element("div", ["class": "tools js"]) { html in
                if isLocked {
                    html.element("button", ["type": "button", "id": "forget", "hidden": ""], "Forget the key")
                }
                html.element("button", ["type": "button", "id": "pause"], "Pause")
                html.button(
                    "Reload", of: "the configuration", key: "reload", path: "/admin/reload",
                    done: "The configuration was read and is in force.")
            }
        }
    }

    private static func unlock(_ html: inout HTML) {
        html.element("form", ["id": "unlock", "class": "js"]) { html in
            html.element("h2", "An operator's key is needed here")
            html.element("label", ["for": "key"], "Key")
            html.begin(
                "input",
                ["id": "key", "type": "password", "autocomplete": "off", "required": "", "spellcheck": "false"])
            html.element("button", ["type": "submit"], "Open")
            html.element(
                "p", ["class": "faint"], "It stays in this tab until that is closed, and is sent as a Bearer token.")
        }
        html.element("noscript") { html in
            html.element("p", "This page needs JavaScript here, to send an operator's key with its requests.")
        }
    }

    private static func ask(_ html: inout HTML) {
        html.element("dialog", ["id": "ask", "aria-labelledby": "ask-text"]) { html in
            html.element("p", ["id": "ask-text"]) { _ in }
            html.element("div", ["class": "tools"]) { html in
                html.element("button", ["type": "button", "id": "ask-no"], "Cancel")
                html.element("button", ["type": "button", "id": "ask-yes", "class": "danger"]) { _ in }
            }
        }
    }

    private static let icon =
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='M2 12h4L11 4h3M2 12h12' fill='none' stroke='%232563a8' stroke-width='2'/></svg>"
}
