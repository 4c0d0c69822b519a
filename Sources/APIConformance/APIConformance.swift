package import APIDescription
package import StrictJSON

/// Whether what went over a socket is what the description of the API says. For tests.
package struct APIConformance: Sendable {
    /// Which of the program's two listeners was asked.
    package enum Listener: Sendable {
        case api, admin
    }

    /// A request and its answer.
    package struct Exchange: Sendable {
        /// Upper case.
        package let method: String
        /// As sent, with its query.
        package let target: String
        /// Nil where the test does not tell.
        package let requestBody: [UInt8]?
        package let status: Int
        package let fields: [(name: String, value: String)]
        package let body: [UInt8]

        package init(
            method: String, target: String, requestBody: [UInt8]?, status: Int,
            fields: [(name: String, value: String)], body: [UInt8]
        ) {
            self.method = method
            self.target = target
            self.requestBody = requestBody
            self.status = status
            self.fields = fields
            self.body = body
        }

        var path: String { String(target.prefix { $0 != "?" && $0 != "#" }) }

        func field(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// That of the program.
    package static let shared = APIConformance(document: APIDocument.contents)

    package let operations: [APIOperation]
    let document: JSONValue
    let schema: JSONSchema
    /// The paths of the operations, taken apart once: every exchange of every test is looked up here.
    private let templates: [(operation: APIOperation, isAdmin: Bool, parts: [Substring])]
    /// The fields that any response describes, in lower case.
    private let describedFields: Set<String>

    /// What HTTP itself has every answer carry: nothing of the API's.
    private static let plainFields: Set = [
        "allow", "cache-control", "connection", "content-length", "content-type", "date", "x-content-type-options",
    ]

    package init(document: JSONValue) {
        self.document = document
        schema = JSONSchema(document: document)
        operations = APIOperation.all(in: document)
        templates = operations.filter { !$0.isWebhook }.map {
            ($0, $0.isAdmin, $0.path.split(separator: "/", omittingEmptySubsequences: false))
        }
        var names: Set<String> = []
        for operation in operations {
            for (_, response) in operation.contents["responses"]?.object ?? JSONObject() {
                let response = APIDocument.resolve(response, in: document)
                names.formUnion((response["headers"]?.object?.names ?? []).map { $0.lowercased() })
            }
        }
        describedFields = names
    }

    /// The operation that a request asks for, `HEAD` as its `GET`; nil where the description has none.
    package func operation(_ exchange: Exchange, on listener: Listener) -> APIOperation? {
        let method = exchange.method == "HEAD" ? "GET" : exchange.method
        return candidates(exchange.path, on: listener).first { $0.method == method }
    }

    /// What does not hold; empty where the exchange is as described.
    package func violations(_ exchange: Exchange, on listener: Listener) -> [String] {
        let candidates = candidates(exchange.path, on: listener)
        let what = "\(exchange.method) \(exchange.path) \(exchange.status)"
        guard let operation = operation(exchange, on: listener) else {
            return undescribed(exchange, pathExists: !candidates.isEmpty).map { "\(what): \($0)" }
        }
        guard let response = operation.contents["responses"]?[String(exchange.status)] else {
            return ["\(what): the status is not described"]
        }
        var found = answerFaults(exchange, APIDocument.resolve(response, in: document))
        if (200..<300).contains(exchange.status) { found += requestFaults(exchange, operation) }
        return found.map { "\(what): \($0)" }
    }

    /// What does not hold of a request that was accepted, whatever its answer says.
    package func acceptanceViolations(_ exchange: Exchange, on listener: Listener) -> [String] {
        guard (200..<300).contains(exchange.status), let operation = operation(exchange, on: listener) else {
            return []
        }
        return requestFaults(exchange, operation)
    }

    /// What does not hold of a delivery to an app's webhook.
    package func violations(delivered fields: [(name: String, value: String)], body: [UInt8]) -> [String] {
        guard let operation = operations.first(where: \.isWebhook) else { return ["no webhook is described"] }
        var found: [String] = []
        for parameter in operation.parameters(in: document) {
            let name = parameter["name"]?.string ?? ""
            let value = fields.first { $0.name.lowercased() == name }?.value
            found += fieldFaults(name, value, parameter)
        }
        guard let json = try? JSONValue(parsing: body), let content = operation.json("requestBody") else {
            return found + ["the delivery's body is no JSON"]
        }
        return found + schema.violations(json, content, at: "delivery")
    }

    /// Operations at a path; those of a path that is written out before those of a template.
    private func candidates(_ path: String, on listener: Listener) -> [APIOperation] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let all = templates.filter { template in
            template.isAdmin == (listener == .admin) && template.parts.count == parts.count
                && zip(template.parts, parts).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }
        }.map(\.operation)
        return all.filter { $0.path == path } + all.filter { $0.path != path }
    }

    /// For what the description has no operation of: it says which answers come instead.
    private func undescribed(_ exchange: Exchange, pathExists: Bool) -> [String] {
        if exchange.method == "OPTIONS", pathExists, exchange.status == 204 {
            return exchange.field("Allow") == nil ? ["Allow is missing"] : []
        }
        let names = [
            400: "Malformed", 401: "Unauthenticated", 403: "OperatorForbidden", 408: "RequestTimeout",
            431: "HeadersTooLarge", 503: "Overloaded",
            pathExists ? 405 : 404: pathExists ? "MethodNotAllowed" : "NotFound",
        ]
        guard let name = names[exchange.status],
            let response = APIDocument.target("#/components/responses/\(name)", in: document)
        else { return ["the status is not described for what is not there"] }
        return answerFaults(exchange, response)
    }

    private func answerFaults(_ exchange: Exchange, _ response: JSONValue) -> [String] {
        var found: [String] = []
        let headers = response["headers"]?.object ?? JSONObject()
        for (name, header) in headers {
            found += fieldFaults(name, exchange.field(name), APIDocument.resolve(header, in: document))
        }
        let described = Set(headers.names.map { $0.lowercased() })
        for (name, _) in exchange.fields where !described.contains(name.lowercased()) {
            let name = name.lowercased()
            if describedFields.contains(name) || !Self.plainFields.contains(name) {
                found.append("the field \(name) is not described here")
            }
        }
        guard exchange.method != "HEAD" else { return found }
        guard let contents = response["content"]?.object else {
            return exchange.body.isEmpty ? found : found + ["there is a body, and none is described"]
        }
        // What the parser refuses may be answered with nothing but the status.
        if exchange.status == 400, exchange.body.isEmpty { return [] }
        let type = exchange.field("Content-Type")?.prefix { $0 != ";" && $0 != " " }.lowercased() ?? "none"
        guard let content = contents[type] else { return found + ["the type \(type) is not described"] }
        guard type.hasSuffix("json") else { return found }
        guard let json = try? JSONValue(parsing: exchange.body) else { return found + ["the body is no JSON"] }
        return found + schema.violations(json, content["schema"] ?? .null)
    }

    /// What was accepted must be what the description lets through.
    private func requestFaults(_ exchange: Exchange, _ operation: APIOperation) -> [String] {
        var found: [String] = []
        let parameters = operation.parameters(in: document).filter { $0["in"]?.string == "query" }
        let query = exchange.target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let value = String(parts.count > 1 ? parts[1] : "").removingPercents
            // Some operations look at no query at all.
            guard !parameters.isEmpty else { continue }
            guard let parameter = parameters.first(where: { $0["name"]?.string == name }) else {
                found.append("the parameter \(name) is not described")
                continue
            }
            found += fieldFaults(name, value, parameter)
        }
        guard let body = exchange.requestBody, let content = operation.json("requestBody") else { return found }
        if body.isEmpty, operation.contents["requestBody"]?["required"]?.bool != true { return found }
        guard let json = try? JSONValue(parsing: body) else { return found + ["a body that is no JSON was accepted"] }
        return found + schema.violations(json, content, at: "request").map { "accepted, and not described: " + $0 }
    }

    /// Of a header or a parameter: there if it has to be, and as its schema says.
    private func fieldFaults(_ name: String, _ value: String?, _ description: JSONValue) -> [String] {
        guard let value else { return description["required"]?.bool == true ? ["\(name) is missing"] : [] }
        let rule = APIDocument.resolve(description["schema"] ?? .null, in: document)
        let isNumber = rule["type"]?.string == "integer"
        let json = isNumber ? JSONNumber(text: value).map(JSONValue.number) ?? .string(value) : .string(value)
        return schema.violations(json, rule, at: name)
    }
}

extension APIOperation {
    /// Whether it is on the operators' listener: those paths have a server of their own.
    package var isAdmin: Bool { server.hasSuffix(":9090") }

    /// The schema of the JSON of a request body.
    func json(_ member: String) -> JSONValue? {
        contents[member]?["content"]?["application/json"]?["schema"]
    }
}

extension String {
    /// With `%2B` and the like as what they stand for.
    fileprivate var removingPercents: String {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
