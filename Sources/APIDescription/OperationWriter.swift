import StrictJSON

/// One operation on the page: what it does, what it takes, what it answers, and a line to try it.
struct OperationWriter {
    let document: JSONValue
    let schemas: SchemaText
    let operation: APIOperation

    func write(to html: inout HTML) {
        html.element("article", "id=\"\(operation.anchor)\"") { html in
            html.element("h3") { html in
                html.add("<a href=\"#\(operation.anchor)\">\(HTML.escape(operation.summary))</a>")
            }
            html.element("p", "class=\"call\"") { html in
                html.add("<span class=\"method\">\(HTML.escape(operation.method))</span> ")
                html.element("code") { $0.add(escaping: operation.isWebhook ? "your webhook" : operation.path) }
            }
            if let text = operation.contents["description"]?.string { html.add(Markdown.blocks(text)) }
            parameters(&html)
            body(&html)
            if let curl { html.element("pre") { $0.add(escaping: curl) } }
            responses(&html)
        }
    }

    private func parameters(_ html: inout HTML) {
        let parameters = operation.parameters(in: document)
        guard !parameters.isEmpty else { return }
        html.add("<h4>Parameters</h4>")
        html.element("table") { html in
            for parameter in parameters {
                let place = parameter["in"]?.string ?? ""
                let mark = parameter["required"]?.bool == true ? "\(place), required" : place
                schemas.row(
                    &html, name: parameter["name"]?.string ?? "", mark: HTML.escape(mark),
                    parameter["schema"] ?? .null, description: parameter["description"]?.string)
            }
        }
    }

    private func body(_ html: inout HTML) {
        guard let body = operation.contents["requestBody"] else { return }
        html.add("<h4>Body</h4>")
        if let text = body["description"]?.string { html.add(Markdown.blocks(text)) }
        guard let content = body["content"]?["application/json"], let schema = content["schema"] else { return }
        html.element("p") { html in
            html.add(schemas.type(schema))
            if body["required"]?.bool != true { html.add(", or nothing") }
        }
        html.add(schemas.members(schema))
        examples(&html, content)
    }

    private func responses(_ html: inout HTML) {
        html.add("<h4>Answers</h4>")
        html.element("table", "class=\"answers\"") { html in
            for (status, response) in operation.contents["responses"]?.object ?? JSONObject() {
                answer(&html, status, APIDocument.resolve(response, in: document))
            }
        }
        for (status, response) in operation.contents["responses"]?.object ?? JSONObject() where status.hasPrefix("2") {
            for (_, content) in APIDocument.resolve(response, in: document)["content"]?.object ?? JSONObject() {
                examples(&html, content, of: status)
            }
        }
    }

    private func answer(_ html: inout HTML, _ status: String, _ response: JSONValue) {
        html.element("tr") { html in
            html.add("<td><strong>\(HTML.escape(status))</strong></td>")
            html.element("td") { html in
                html.add(Markdown.blocks(response["description"]?.string ?? ""))
                html.element("p", "class=\"rule\"") { html in
                    var parts: [String] = []
                    for (type, content) in response["content"]?.object ?? JSONObject() {
                        let schema = content["schema"] ?? .null
                        parts.append(schema["$ref"] == nil ? HTML.escape(type) : schemas.type(schema))
                        if let code = schema["properties"]?["code"] { parts.append(schemas.type(code)) }
                    }
                    // What every answer has is told once, at the beginning.
                    for (name, field) in response["headers"]?.object ?? JSONObject()
                    where name != "X-Request-Id" && name != "traceparent" {
                        let text = APIDocument.resolve(field, in: document)["description"]?.string ?? ""
                        parts.append("<abbr title=\"\(HTML.escape(text))\">\(HTML.escape(name))</abbr>")
                    }
                    html.add(parts.joined(separator: " · "))
                }
            }
        }
    }

    private func examples(_ html: inout HTML, _ content: JSONValue, of status: String? = nil) {
        for (_, example) in content["examples"]?.object ?? JSONObject() {
            let example = APIDocument.resolve(example, in: document)
            html.element("details") { html in
                html.element("summary") { html in
                    if let status { html.add("<strong>\(HTML.escape(status))</strong> ") }
                    html.add(Markdown.inline(example["summary"]?.string ?? "Example"))
                }
                html.element("pre") { $0.add(escaping: ExampleText.json(example["value"] ?? .null)) }
            }
        }
    }

    /// The first example as a line for a shell; nil where a shell has no business.
    private var curl: String? {
        let content = operation.contents["requestBody"]?["content"]
        guard !operation.isWebhook, content == nil || content?["application/json"] != nil else { return nil }
        var path = operation.path
        var headers: [(String, String)] = []
        let schemes = document["components"]?["securitySchemes"]
        if let security = (operation.contents["security"] ?? document["security"])?.array?.first?.object,
            let scheme = security.names.first, let key = schemes?[scheme]?["x-example-key"]?.string
        {
            headers.append(("Authorization", "Bearer " + key))
        }
        for parameter in operation.parameters(in: document) where parameter["required"]?.bool == true {
            let name = parameter["name"]?.string ?? ""
            let value = parameter["example"]?.string ?? parameter["schema"]?["const"]?.string ?? ""
            if parameter["in"]?.string == "path" {
                path = path.replacing("{\(name)}", with: value)
            } else {
                headers.append((name, value))
            }
        }
        let example = content?["application/json"]?["examples"]?.object?.members.first?.value
        let body = example.map { APIDocument.resolve($0, in: document)["value"] ?? .null }
        return ExampleText.curl(method: operation.method, url: operation.server + path, headers: headers, body: body)
    }
}
