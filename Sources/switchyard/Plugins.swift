import AlyaPay
import Payalo
import PaymentGateway
import ProviderKit
import Spayon
import Waypay

/// The plugins built into this program. A new one is an import above and an element here.
let builtInPlugins: [any ProviderAdapter.Type] = [
    AlyaPayAdapter.self,
    PayaloAdapter.self,
    PaymentGatewayAdapter.self,
    SpayonAdapter.self,
    WaypayAdapter.self,
]
