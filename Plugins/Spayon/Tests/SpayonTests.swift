// Spayon
