// Shows the document. Tokens that are entered are kept as long as the page is open, and nowhere else.
"use strict";

const DOCUMENT = "/openapi.json";

// Swagger UI fills every field with its example, and would send filters that leave nobody and a key that was used. What may be left out
// is left empty.
function withoutOptionalExamples(text) {
  const shown = JSON.parse(text);
  for (const path of Object.values(shown.paths)) {
    for (const operation of Object.values(path)) {
      for (const parameter of operation.parameters ?? []) {
        if (!parameter.required) delete parameter.example;
      }
    }
  }
  return JSON.stringify(shown);
}

SwaggerUIBundle({
  url: DOCUMENT,
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  tryItOutEnabled: true,
  responseInterceptor: (response) => {
    if (response.ok && new URL(response.url, location).pathname === DOCUMENT) {
      response.text = withoutOptionalExamples(response.text);
    }
    return response;
  },
});
