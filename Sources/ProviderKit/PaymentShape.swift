public import PaymentModel

/// What routing and capabilities look at: a payment without card number and CVV.
public struct PaymentShape: Sendable {
    /// Fields of a request that some providers need.
    public struct Fields: OptionSet, Sendable, Hashable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let customerID = Fields(rawValue: 1 << 0)
        public static let customerName = Fields(rawValue: 1 << 1)
        public static let customerEmail = Fields(rawValue: 1 << 2)
        public static let customerPhone = Fields(rawValue: 1 << 3)
        public static let description = Fields(rawValue: 1 << 4)
        public static let items = Fields(rawValue: 1 << 5)
        public static let returnURL = Fields(rawValue: 1 << 6)
        public static let cancelURL = Fields(rawValue: 1 << 7)
    }

    public var app: String
    public var money: Money
    public var method: PaymentMethod
    public var network: String?
    public var country: Country?
    public var capture: CaptureMode
    public var cardBrand: CardBrand?
    /// Up to eight first digits of the card, for `card_bin`.
    public var cardPrefix: String?
    public var metadata: [String: String]
    /// Which of the fields are there; nil where the question does not say (an expectation, `explain` on the command
    /// line), so that none counts as lacking.
    public var fields: Fields?

    /// A shape of which only what is given is known.
    public init(
        app: String, money: Money, method: PaymentMethod, network: String? = nil, country: Country? = nil,
        capture: CaptureMode = .automatic, cardBrand: CardBrand? = nil, cardPrefix: String? = nil,
        metadata: [String: String] = [:], fields: Fields? = nil
    ) {
        self.app = app
        self.money = money
        self.method = method
        self.network = network
        self.country = country
        self.capture = capture
        self.cardBrand = cardBrand
        self.cardPrefix = cardPrefix
        self.metadata = metadata
        self.fields = fields
    }

    /// The shape of a request of that app.
    public init(app: String, request: PaymentRequest) {
        var fields: Fields = []
        func add(_ field: Fields, _ isThere: Bool) { if isThere { fields.insert(field) } }
        add(.customerID, request.customer?.id != nil)
        add(.customerName, request.customer?.name != nil)
        add(.customerEmail, request.customer?.email != nil)
        add(.customerPhone, request.customer?.phone != nil)
        add(.description, request.description != nil)
        add(.items, !request.items.isEmpty)
        add(.returnURL, request.returnURL != nil)
        add(.cancelURL, request.cancelURL != nil)
        let number = request.card?.number.reveal()
        self.init(
            app: app, money: request.money, method: request.method, network: request.network,
            country: request.country, capture: request.capture, cardBrand: number.map(CardBrand.init(number:)),
            cardPrefix: number.map { String($0.prefix(8)) }, metadata: request.metadata, fields: fields)
    }

    /// Whether the request is known to lack a field.
    public func lacks(_ field: Fields) -> Bool {
        guard let fields else { return false }
        return !fields.contains(field)
    }
}
