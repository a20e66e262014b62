/* Mazur's network with a backward pass written by hand, for  backprop check --program ./net

       cc -O2 -o net net.c -lm
       backprop check --program ./net            its gradients are right
       backprop check --program "./net --bug"    sigmoid's local derivative is a1, not a1 * (1 - a1)

   Every line on stdin is a JSON object of parameters, {"W1": [[...], [...]], "b1": [...], ...}; what is not in it,
   as in {}, keeps the value below. Every line is answered by one line on stdout, with the loss, the parameters and
   the gradients. Numbers are printed with 17 digits (in C++: std::setprecision(17)), and the line is flushed.

   Source of the network: Mazur, "A Step by Step Backpropagation Example" (2015). */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double x[2] = {0.05, 0.10}, y[2] = {0.01, 0.99};

struct parameters {
    double W1[2][2], b1[2], W2[2][2], b2[2]; /* W: a row for each input, a column for each unit */
};

static const struct parameters own = {
    {{0.15, 0.25}, {0.20, 0.30}}, {0.35, 0.35}, {{0.40, 0.50}, {0.45, 0.55}}, {0.60, 0.60}};

static double sigmoid(double z) { return 1 / (1 + exp(-z)); }

static double forward(const struct parameters *p, double a1[2], double a2[2]) {
    double J = 0;
    for (int j = 0; j < 2; j++)
        a1[j] = sigmoid(x[0] * p->W1[0][j] + x[1] * p->W1[1][j] + p->b1[j]);
    for (int k = 0; k < 2; k++) {
        a2[k] = sigmoid(a1[0] * p->W2[0][k] + a1[1] * p->W2[1][k] + p->b2[k]);
        J += (a2[k] - y[k]) * (a2[k] - y[k]) / 2;
    }
    return J;
}

static void backward(const struct parameters *p, const double a1[2], const double a2[2], int bug,
                     struct parameters *g) {
    for (int k = 0; k < 2; k++) {
        g->b2[k] = (a2[k] - y[k]) * a2[k] * (1 - a2[k]); /* dJ/dz2 */
        for (int j = 0; j < 2; j++)
            g->W2[j][k] = a1[j] * g->b2[k];
    }
    for (int j = 0; j < 2; j++) {
        double da1 = g->b2[0] * p->W2[j][0] + g->b2[1] * p->W2[j][1];
        g->b1[j] = bug ? da1 * a1[j] : da1 * a1[j] * (1 - a1[j]); /* dJ/dz1 */
        for (int i = 0; i < 2; i++)
            g->W1[i][j] = x[i] * g->b1[j];
    }
}

/* The numbers behind "name": in a line of JSON; they stay as they are where it has no such name. */
static void read_numbers(const char *line, const char *name, double *numbers, int count) {
    char quoted[16];
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    const char *at = strstr(line, quoted);
    if (!at)
        return;
    at += strlen(quoted);
    for (int n = 0; n < count; n++) {
        char *end;
        at += strspn(at, " :[],");
        numbers[n] = strtod(at, &end);
        if (end == at) {
            fprintf(stderr, "net: %s needs %d numbers\n", name, count);
            exit(1);
        }
        at = end;
    }
}

static void print_numbers(const char *key, const struct parameters *p) {
    printf(", \"%s\": {\"W1\": [[%.17g, %.17g], [%.17g, %.17g]], \"b1\": [%.17g, %.17g], ", key, p->W1[0][0],
           p->W1[0][1], p->W1[1][0], p->W1[1][1], p->b1[0], p->b1[1]);
    printf("\"W2\": [[%.17g, %.17g], [%.17g, %.17g]], \"b2\": [%.17g, %.17g]}", p->W2[0][0], p->W2[0][1],
           p->W2[1][0], p->W2[1][1], p->b2[0], p->b2[1]);
}

int main(int count, char **words) {
    int bug = count > 1 && strcmp(words[1], "--bug") == 0;
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        struct parameters p = own, g;
        double a1[2], a2[2];
        read_numbers(line, "W1", &p.W1[0][0], 4);
        read_numbers(line, "b1", p.b1, 2);
        read_numbers(line, "W2", &p.W2[0][0], 4);
        read_numbers(line, "b2", p.b2, 2);
        printf("{\"loss\": %.17g", forward(&p, a1, a2));
        backward(&p, a1, a2, bug, &g);
        print_numbers("parameters", &p);
        print_numbers("gradients", &g);
        printf("}\n");
        fflush(stdout); /* the answer is waited for: do not keep it in the buffer */
    }
    return 0;
}
