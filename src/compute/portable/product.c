#include "compute/portable/product.h"

#include "base/parallel.h"
#include "compute/portable/tile.h"

/* Numbers of a column at a time: the panel then stays in the first-level cache. */
enum { INNER = 256 };

/* Part of the product: columns first .. first + columns, k from `begin` on, `inner` of them. */
typedef struct part {
    const dn_matrix_product *product;
    size_t first, columns, begin, inner;
    float panel[INNER * DN_TILE_COLUMNS];
} part;

/* panel[k][c]; columns that are not there become 0. */
static void pack(part *p) {
    const dn_matrix_product *product = p->product;
    const float *from =
        product->right + p->begin * product->k_step + p->first * product->column_step;
    memset(p->panel, 0, p->inner * DN_TILE_COLUMNS * sizeof *p->panel);
    for (size_t k = 0; k < p->inner; k++)
        for (size_t c = 0; c < p->columns; c++)
            p->panel[k * DN_TILE_COLUMNS + c] =
                from[k * product->k_step + c * product->column_step];
}

/* Rows first .. first + count; the last is repeated up to `rows`. The sums of a part are formed by
 * themselves, for long sums lose less so. */
DN_INLINE void add_rows(const part *p, size_t first, size_t count, int rows) {
    const dn_matrix_product *product = p->product;
    const float *row[DN_TILE_ROWS];
    dn_tile tile;
    float *out = product->out + first * product->out_stride + p->first;
    int is_last = p->begin + p->inner == product->inner;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        size_t index = (size_t)r < count ? (size_t)r : count - 1;
        row[r] = product->left + (first + index) * product->inner + p->begin;
    }
    dn_tile_clear(&tile, rows);
    dn_tile_add(&tile, rows, row, p->inner, p->panel);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        float *to = out + (size_t)r * product->out_stride;
        if ((size_t)r >= count)
            return;
        if (p->begin > 0)
            dn_tile_add_row(&tile, r, to, p->columns);
        else if (product->bias)
            dn_tile_add_row(&tile, r, product->bias + p->first, p->columns);
        if (is_last && product->relu)
            dn_tile_activate(&tile, r, DN_ACTIVATION_RELU);
        dn_tile_store(&tile, r, to, p->columns);
    }
}

static void add_part(const part *p) {
    size_t count;
    for (size_t first = 0; first < p->product->rows; first += count) {
        size_t left = p->product->rows - first;
        int rows = dn_tile_rows(left);
        count = left < (size_t)rows ? left : (size_t)rows;
        if (rows == DN_TILE_ROWS)
            add_rows(p, first, count, DN_TILE_ROWS);
        else if (rows > 1)
            add_rows(p, first, count, DN_TILE_ROWS / 2);
        else
            add_rows(p, first, count, 1);
    }
}

/* Panels of 8 columns. */
static void run_panels(void *context, size_t begin, size_t end) {
    const dn_matrix_product *product = context;
    part p = {.product = product};
    for (size_t panel = begin; panel < end; panel++) {
        p.first = panel * DN_TILE_COLUMNS;
        size_t left = product->columns - p.first;
        p.columns = left < DN_TILE_COLUMNS ? left : DN_TILE_COLUMNS;
        for (p.begin = 0; p.begin < product->inner; p.begin += INNER) {
            p.inner = product->inner - p.begin < INNER ? product->inner - p.begin : INNER;
            pack(&p);
            add_part(&p);
        }
    }
}

static size_t panels_of(const dn_matrix_product *product) {
    return (product->columns + DN_TILE_COLUMNS - 1) / DN_TILE_COLUMNS;
}

void dn_matrix_product_run(const dn_matrix_product *product) {
    run_panels((void *)product, 0, panels_of(product));
}

void dn_matrix_product_run_on(int threads, const dn_matrix_product *product) {
    dn_parallel_for(threads, panels_of(product), 1, run_panels, (void *)product);
}
