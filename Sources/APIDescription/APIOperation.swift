package import StrictJSON

/// One operation of a document: a method of a path, or what an app's webhook gets.
package struct APIOperation: Sendable {
    /// Upper case: `POST`.
    package let method: String
    /// `/v1/payments/{id}`, or the name of a webhook.
    package let path: String
    package let isWebhook: Bool
    /// As the document has it.
    package let contents: JSONValue
    /// Of the path where it has servers of its own, else of the document.
    package let server: String

    package var id: String { contents["operationId"]?.string ?? "" }
    var tag: String { contents["tags"]?.array?.first?.string ?? "" }
    var summary: String { contents["summary"]?.string ?? id }
    var anchor: String { HTML.escape(isWebhook ? "webhook-" + path : id) }

    /// All of a document, in its order; webhooks last.
    package static func all(in document: JSONValue) -> [APIOperation] {
        var all: [APIOperation] = []
        for (place, isWebhook) in [("paths", false), ("webhooks", true)] {
            for (path, item) in document[place]?.object ?? JSONObject() {
                let servers = item["servers"]?.array ?? document["servers"]?.array
                for (method, contents) in item.object ?? JSONObject() where contents["operationId"] != nil {
                    all.append(
                        APIOperation(
                            method: method.uppercased(), path: path, isWebhook: isWebhook, contents: contents,
                            server: servers?.first?["url"]?.string ?? ""))
                }
            }
        }
        return all
    }

    /// Its parameters, references followed.
    package func parameters(in document: JSONValue) -> [JSONValue] {
        (contents["parameters"]?.array ?? []).map { APIDocument.resolve($0, in: document) }
    }
}
