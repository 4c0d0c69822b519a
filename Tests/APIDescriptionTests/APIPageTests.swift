@testable import APIDescription
import StrictJSON
import Testing

/// The page made of the description.
@Suite struct APIPageTests {
    private static let page = String(decoding: APIDocument.page.html, as: UTF8.self)

    @Test func eachOperationAndSchemaHasItsPlace() {
        let operations = APIOperation.all(in: APIDocument.contents)
        #expect(operations.count > 30)
        let schemas = APIDocument.contents["components"]?["schemas"]?.object?.names ?? []
        for anchor in operations.map(\.anchor) + schemas.map({ "schema-" + $0 }) {
            let count = Self.page.ranges(of: "id=\"\(anchor)\"").count
            #expect(count == 1, "\(anchor)")
        }
        let tags = Set((APIDocument.contents["tags"]?.array ?? []).compactMap { $0["name"]?.string })
        for operation in operations { #expect(tags.contains(operation.tag), "\(operation.id)") }
    }

    @Test func everyLinkLeadsSomewhere() throws {
        let anchors = Self.page.matches(of: /id="([^"]+)"/).map { String($0.output.1) }
        #expect(Set(anchors).count == anchors.count)
        let links = Self.page.matches(of: /href="#([^"]+)"/).map { String($0.output.1) }
        let lost = Set(links).subtracting(anchors)
        #expect(lost == [])
    }

    @Test func itNeedsNothingBesideItself() {
        for needle in ["<script", "src=", "@import", "url(", "<link", "<img", "style=\""] {
            let isThere = Self.page.contains(needle)
            #expect(!isThere, "\(needle)")
        }
        #expect(APIDocument.page.contentSecurityPolicy.hasPrefix("default-src 'none'; style-src 'sha256-"))
    }

    @Test func itIsWellFormed() {
        var open: [Substring] = []
        for tag in Self.page.matches(of: /<(\/?)([a-z0-9]+)[^>]*>/) {
            let name = tag.output.2
            if name == "meta" { continue }
            if tag.output.1.isEmpty {
                open.append(name)
            } else {
                let last = open.popLast()
                #expect(last == name)
            }
        }
        #expect(open == [])
    }

    @Test(arguments: [
        ("One\ntwo.\n\nThree.", "<p>One two.</p><p>Three.</p>"),
        ("- a\n- b\n  c\n\nd", "<ul><li>a</li><li>b c</li></ul><p>d</p>"),
        ("### When it rains", "<h3 id=\"when-it-rains\">When it rains</h3>"),
        ("```\na <b>\n\nc\n```", "<pre>a &lt;b&gt;\n\nc</pre>"),
        ("`a<b` *c* **d `e`**", "<p><code>a&lt;b</code> <em>c</em> <strong>d <code>e</code></strong></p>"),
        (
            "[x](#y) [z](https://a.example/?a&b)",
            "<p><a href=\"#y\">x</a> <a href=\"https://a.example/?a&amp;b\">z</a></p>"
        ),
        ("[x](javascript:alert(1)) 2 * 3 [y] <script>", "<p>[x](javascript:alert(1)) 2 * 3 [y] &lt;script&gt;</p>"),
    ])
    func descriptions(_ source: String, _ html: String) {
        #expect(Markdown.blocks(source) == html)
    }

    @Test func examplesAreLinesForAShell() {
        let body: JSONValue = .object(["note": .string("it's"), "amount": .number(JSONNumber(5))])
        let text = ExampleText.curl(
            method: "POST", url: "http://h/v1?a=b&c", headers: [("X-A", "b c")], body: body)
        #expect(
            text == """
                curl 'http://h/v1?a=b&c' \\
                  -H 'X-A: b c' \\
                  -H 'Content-Type: application/json' \\
                  -d '{ "note": "it'\\''s", "amount": 5 }'
                """)
    }
}
