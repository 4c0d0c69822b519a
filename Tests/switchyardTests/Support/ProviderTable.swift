import StrictJSON
import Testing

/// What each provider can do: the one list that the README's table shows and that the tests of its cells run over.
struct ProviderRow: Sendable, CustomTestStringConvertible {
    /// A column of the table. The order is the table's.
    enum Operation: String, Sendable, CaseIterable {
        case create, inquiry, capture, cancel, refund, callback
    }

    /// The plugin's id, which is the simulated provider's too.
    let plugin: String
    let name: String
    let method: String
    /// The shipped instance that is paid through.
    let instance: String
    /// What the table says of each operation; what is not here the provider cannot do.
    let operations: [Operation: String]
    let currencies: [String]
    /// Whether the provider's documents name these currencies and no others; else they are the ones that are tested.
    let isListed: Bool

    var testDescription: String { "\(plugin) \(method)" }

    /// The row as it stands in the README.
    var line: String {
        let cells = Operation.allCases.map { operations[$0] ?? "–" }
        let currencies = currencies.joined(separator: ", ") + (isListed ? "" : " ¹")
        return "| " + ([name, "`\(method)`"] + cells + [currencies]).joined(separator: " | ") + " |"
    }

    static let header =
        "| " + (["provider", "method"] + Operation.allCases.map(\.rawValue) + ["currencies"]).joined(separator: " | ")
        + " |"

    static let all = [
        ProviderRow(
            plugin: "alyapay", name: "AlyaPay", method: "checkout", instance: "alyapay-main",
            operations: [
                .create: "`client_token`", .inquiry: "once `sync` brought the id",
                .callback: "signed; `canceled`, `expired`",
            ],
            currencies: ["MAD"], isListed: true),
        ProviderRow(
            plugin: "payalo", name: "Payalo", method: "mobile_money", instance: "payalo-ke",
            operations: [.create: "`approve_on_phone`", .inquiry: "yes", .callback: "with our key, once"],
            currencies: ["GHS", "KES", "RWF", "TZS", "UGX", "ZMW"], isListed: false),
        ProviderRow(
            plugin: "paymentgateway", name: "Payment API Service", method: "card", instance: "cards-main",
            operations: [
                .create: "taken or held at once", .inquiry: "yes", .capture: "whole or part", .cancel: "of a hold",
                .refund: "whole or in parts", .callback: "signed",
            ],
            currencies: ["EUR", "MAD", "USD"], isListed: true),
        ProviderRow(
            plugin: "paymentgateway", name: "Payment API Service", method: "checkout", instance: "cards-main",
            operations: [
                .create: "`redirect`", .inquiry: "yes", .capture: "whole or part ²", .cancel: "of a page, of a hold ²",
                .refund: "whole or in parts ²", .callback: "signed",
            ],
            currencies: ["EUR", "MAD", "USD"], isListed: true),
        ProviderRow(
            plugin: "spayon", name: "Spayon", method: "checkout", instance: "spayon-main",
            operations: [.create: "`redirect`", .inquiry: "yes", .callback: "signed"],
            currencies: ["AMD", "EUR", "JPY", "USD"], isListed: false),
        ProviderRow(
            plugin: "waypay", name: "Waypay", method: "checkout", instance: "waypay-main",
            operations: [.create: "`redirect`", .inquiry: "yes", .callback: "unsigned: makes us ask"],
            currencies: ["PKR", "USD"], isListed: true),
        ProviderRow(
            plugin: "waypay", name: "Waypay", method: "wallet", instance: "waypay-main",
            operations: [.create: "`redirect`", .inquiry: "yes", .callback: "unsigned: makes us ask"],
            currencies: ["PKR", "USD"], isListed: true),
    ]
}

/// One operation of a row in one currency.
struct TableCell: Sendable, CustomTestStringConvertible {
    let row: ProviderRow
    let operation: ProviderRow.Operation
    let currency: String

    var testDescription: String { "\(row.plugin) \(row.method) \(operation.rawValue) \(currency)" }

    /// Every cell of that column, or of all, in every currency: those that say `–` too.
    static func all(_ operation: ProviderRow.Operation? = nil) -> [TableCell] {
        ProviderRow.all.flatMap { row in
            (operation.map { [$0] } ?? ProviderRow.Operation.allCases).flatMap { operation in
                row.currencies.map { TableCell(row: row, operation: operation, currency: $0) }
            }
        }
    }
}

extension ProviderRow {
    /// 10,000 minor units in that currency, paid through this row's provider by its method.
    func body(_ currency: String, capture: String = "automatic") -> String {
        var members = [
            #""amount":10000,"currency":"\#(currency)","method":"\#(method)","capture":"\#(capture)""#,
            #""reference":"order-3001","description":"A lamp","metadata":{"provider":"\#(instance)"}"#,
            #""customer":{"email":"ani@example.com","name":"Ani P."}"#,
        ]
        switch method {
        case "mobile_money":
            let (country, network, phone) = Self.phones[currency] ?? ("KE", "mpesa", "+254712345678")
            members.append(
                #""country":"\#(country)","mobile_money":{"phone":"\#(phone)","network":"\#(network)"}"#)
        case "card":
            members.append(
                #""card":{"number":"4242424242424242","exp_month":12,"exp_year":2030,"cvv":"123","holder":"Ani P"}"#)
        case "wallet":
            members.append(
                #""country":"PK","wallet":{"network":"jazzcash","phone":"+923001234567"}"#
                    + #","return_url":"https://shop.example.com/done""#)
        default: members.append(#""return_url":"https://shop.example.com/done""#)
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private static let phones = [
        "GHS": ("GH", "mtn", "+233241234567"), "KES": ("KE", "mpesa", "+254712345678"),
        "RWF": ("RW", "mtn", "+250788123456"), "TZS": ("TZ", "mpesa", "+255754123456"),
        "UGX": ("UG", "mtn", "+256772123456"), "ZMW": ("ZM", "mtn", "+260966123456"),
    ]
}
