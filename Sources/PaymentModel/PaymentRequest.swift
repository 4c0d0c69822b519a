/// A payment that an app asks for, valid by itself (contract §4).
public struct PaymentRequest: Sendable, Hashable {
    /// Who pays, as the app knows them.
    public struct Customer: Sendable, Hashable {
        public var id: String?
        public var name: String?
        public var email: String?
        public var phone: String?
        public var nationalID: String?

        /// A customer of whom nothing is known but what is given.
        public init(
            id: String? = nil, name: String? = nil, email: String? = nil, phone: String? = nil,
            nationalID: String? = nil
        ) {
            self.id = id
            self.name = name
            self.email = email
            self.phone = phone
            self.nationalID = nationalID
        }
    }

    /// One line of what is bought.
    public struct Item: Sendable, Hashable {
        public let id: String
        public let name: String
        /// The price of one, in minor units of the payment's currency.
        public let unitAmount: Int64
        public let quantity: Int64

        /// Makes a line.
        public init(id: String, name: String, unitAmount: Int64, quantity: Int64) {
            self.id = id
            self.name = name
            self.unitAmount = unitAmount
            self.quantity = quantity
        }
    }

    /// The means of payment; its case is the request's `method`.
    public enum Instrument: Sendable, Hashable {
        /// Nil only where a routing question is asked without card data.
        case card(CardDetails?)
        /// The phone is E.164, such as `+254712345678`.
        case mobileMoney(phone: String, network: String)
        case wallet(network: String, phone: String?)
        case checkout
    }

    public var money: Money
    public var instrument: Instrument
    /// Nil where neither the request nor the app's configuration names one.
    public var country: Country?
    public var capture: CaptureMode
    public var reference: String
    public var description: String?
    public var customer: Customer?
    /// Empty where the app gave none; else the sum is the amount.
    public var items: [Item]
    public var returnURL: String?
    public var cancelURL: String?
    public var metadata: [String: String]

    /// Makes a request whose parts have been validated.
    public init(
        money: Money, instrument: Instrument, country: Country? = nil, capture: CaptureMode = .automatic,
        reference: String, description: String? = nil, customer: Customer? = nil, items: [Item] = [],
        returnURL: String? = nil, cancelURL: String? = nil, metadata: [String: String] = [:]
    ) {
        self.money = money
        self.instrument = instrument
        self.country = country
        self.capture = capture
        self.reference = reference
        self.description = description
        self.customer = customer
        self.items = items
        self.returnURL = returnURL
        self.cancelURL = cancelURL
        self.metadata = metadata
    }

    /// The `method` of the request.
    public var method: PaymentMethod {
        switch instrument {
        case .card: .card
        case .mobileMoney: .mobileMoney
        case .wallet: .wallet
        case .checkout: .checkout
        }
    }

    /// The mobile-money or wallet network.
    public var network: String? {
        switch instrument {
        case .mobileMoney(_, let network), .wallet(let network, _): network
        case .card, .checkout: nil
        }
    }

    /// The card, until the answer.
    public var card: CardDetails? {
        if case .card(let card) = instrument { card } else { nil }
    }
}
