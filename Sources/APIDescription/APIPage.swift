import Crypto
package import StrictJSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The API as a page: one file of HTML that needs nothing beside itself, and no script. All that it says is the document's.
package struct APIPage: Sendable {
    /// The page, UTF-8.
    package let html: [UInt8]

    /// `Content-Security-Policy`: the page's own style, and nothing else.
    package let contentSecurityPolicy: String

    /// Makes the page of a document.
    package init(_ document: JSONValue) {
        let digest = Data(SHA256.hash(data: Array(APIPageStyle.css.utf8))).base64EncodedString()
        contentSecurityPolicy =
            "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        html = Array(PageWriter(document: document).page().utf8)
    }
}

/// Puts the page together: what it begins with, each tag with its operations, the schemas.
struct PageWriter {
    let document: JSONValue
    let schemas: SchemaText
    private let operations: [APIOperation]

    init(document: JSONValue) {
        self.document = document
        schemas = SchemaText(document: document)
        operations = APIOperation.all(in: document)
    }

    func page() -> String {
        let title = HTML.escape(document["info"]?["title"]?.string ?? "")
        var html = HTML()
        html.add("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>\(title) API</title>")
        html.add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        html.add("<meta name=\"color-scheme\" content=\"light dark\"><style>\(APIPageStyle.css)</style></head><body>")
        html.element("nav", "aria-label=\"Contents\"") { html in
            html.element("details") { html in
                html.add("<summary>Contents</summary>")
                contents(&html)
            }
            html.element("div", "class=\"wide\"") { contents(&$0) }
        }
        html.element("main") { html in
            introduction(&html)
            for tag in document["tags"]?.array ?? [] { section(&html, tag) }
            html.element("section", "id=\"schemas\"") { html in
                html.add("<h2>Schemas</h2>")
                for (name, schema) in document["components"]?["schemas"]?.object ?? JSONObject() {
                    html.element("article", "id=\"schema-\(HTML.escape(name))\"") { html in
                        html.element("h3") { $0.add(escaping: schema["title"]?.string ?? name) }
                        if let text = schema["description"]?.string { html.add(Markdown.blocks(text)) }
                        html.add(schemas.members(schema))
                    }
                }
            }
        }
        html.add("</body></html>")
        return html.text
    }

    private func contents(_ html: inout HTML) {
        html.element("ul") { html in
            for heading in Markdown.headings(document["info"]?["description"]?.string ?? "") {
                html.add("<li><a href=\"#\(Markdown.slug(heading))\">\(Markdown.inline(heading))</a></li>")
            }
        }
        for tag in document["tags"]?.array ?? [] {
            let name = tag["name"]?.string ?? ""
            html.add("<p><a href=\"#tag-\(HTML.escape(name))\">\(HTML.escape(name))</a></p>")
            html.element("ul") { html in
                for operation in operations where operation.tag == name {
                    html.add("<li><a href=\"#\(operation.anchor)\">\(HTML.escape(operation.summary))</a></li>")
                }
            }
        }
        html.add("<p><a href=\"#schemas\">Schemas</a></p>")
    }

    private func introduction(_ html: inout HTML) {
        let info = document["info"]
        html.element("header") { html in
            html.element("h1") { html in
                html.add(escaping: info?["title"]?.string ?? "")
                html.add(" <small>\(HTML.escape(info?["version"]?.string ?? ""))</small>")
            }
            html.element("p") { $0.add(escaping: info?["summary"]?.string ?? "") }
            html.add("<p>This page as <a href=\"openapi.yaml\">OpenAPI</a>, for code generators.</p>")
        }
        html.add(Markdown.blocks(info?["description"]?.string ?? ""))
        html.element("table") { html in
            for server in document["servers"]?.array ?? [] {
                html.element("tr") { html in
                    html.add("<td><code>\(HTML.escape(server["url"]?.string ?? ""))</code></td>")
                    html.add("<td>\(Markdown.inline(server["description"]?.string ?? ""))</td>")
                }
            }
        }
    }

    private func section(_ html: inout HTML, _ tag: JSONValue) {
        let name = tag["name"]?.string ?? ""
        html.element("section", "id=\"tag-\(HTML.escape(name))\"") { html in
            html.element("h2") { $0.add(escaping: name) }
            if let text = tag["description"]?.string { html.add(Markdown.blocks(text)) }
            for operation in operations where operation.tag == name {
                OperationWriter(document: document, schemas: schemas, operation: operation).write(to: &html)
            }
        }
    }
}
