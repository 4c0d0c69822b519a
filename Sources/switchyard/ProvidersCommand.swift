import ArgumentParser
import PaymentModel
import ProviderKit
import StrictJSON

struct ProvidersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "providers",
        abstract: "List the plugins built in: what they can do, and the settings that they need.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() {
        let plugins = builtInPlugins.map(PluginDescription.init)
        guard json else {
            print(plugins.map(\.text).joined(separator: "\n\n"))
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("providers") { writer in
                writer.array { writer in for plugin in plugins { plugin.write(to: &writer) } }
            }
        }
        print(String(decoding: writer.bytes, as: UTF8.self))
    }
}

/// What a plugin can do: its declaration, and the capabilities that it conforms to.
private struct PluginDescription {
    let declaration: ProviderDeclaration
    let operations: [String]

    init(_ plugin: any ProviderAdapter.Type) {
        declaration = plugin.declaration
        var operations = ["create"]
        if plugin is any Inquiring.Type { operations.append("inquiry") }
        if plugin is any Capturing.Type { operations.append("capture") }
        if plugin is any Canceling.Type { operations.append("cancel") }
        if plugin is any Refunding.Type { operations.append("refund") }
        if plugin is any CallbackReceiving.Type { operations.append("callback") }
        self.operations = operations
    }

    private var methods: [String] { declaration.methods.map(\.rawValue).sorted() }
    private var currencies: [String]? { declaration.currencies.map { $0.map(\.code).sorted() } }

    var text: String {
        var lines = [
            "\(declaration.id) (\(declaration.name))",
            "  methods     \(methods.joined(separator: ", "))",
            "  currencies  \(currencies?.joined(separator: ", ") ?? "as the provider has them; its documents name no list")",
            "  operations  \(operations.joined(separator: ", "))",
            "  base_url    \(declaration.defaultBaseURL ?? "none is documented: required")",
        ]
        for setting in declaration.settings {
            lines.append("  setting     \(setting.key)\(setting.isRequired ? " (required)" : ""): \(setting.help)")
        }
        return lines.joined(separator: "\n")
    }

    func write(to writer: inout JSONWriter) {
        func texts(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
        writer.beginObject()
        writer.member("id", declaration.id)
        writer.member("name", declaration.name)
        writer.member("methods", texts(methods))
        writer.member("currencies", currencies.map(texts) ?? .null)
        writer.member("operations", texts(operations))
        writer.member("base_url", declaration.defaultBaseURL)
        writer.member("settings") { writer in
            writer.array { writer in
                for setting in declaration.settings {
                    writer.beginObject()
                    writer.member("key", setting.key)
                    writer.member("required", setting.isRequired)
                    writer.member("help", setting.help)
                    writer.endObject()
                }
            }
        }
        writer.endObject()
    }
}
